export interface DatasetTable {
  id: string;
  name: string;
  description: string | null;
  data_type: string;
  metadata_json: string;
  inputs_schema_json: string | null;
  outputs_schema_json: string | null;
  created_at: number;
  modified_at: number;
  share_token: string | null;
  share_projects: number;
  baseline_project_id: string | null;
}

export interface DatasetVersionTable {
  dataset_id: string;
  as_of: number;
}

export interface DatasetTagTable {
  dataset_id: string;
  tag: string;
  as_of: number;
}

export interface ExampleTable {
  id: string;
  valid_from: number;
  valid_to: number | null;
  dataset_id: string;
  inputs_json: string;
  outputs_json: string | null;
  metadata_json: string;
  splits_json: string;
  source_run_id: string | null;
  created_at: number;
  /** Orders examples made in the same microsecond. */
  position: number;
  /** `[{ name, mimeType, byteLength, contentId }]`. */
  attachments_json: string;
}

export interface ExampleAttachmentTable {
  content_id: string;
  example_id: string;
  mime_type: string;
  bytes: Uint8Array;
}

export interface ComparativeExperimentTable {
  id: string;
  name: string;
  description: string | null;
  dataset_id: string;
  project_ids_json: string;
  extra_json: string;
  created_at: number;
  modified_at: number;
}
