import type { Hono } from "hono";
import { z } from "zod";
import { calibrateJudge } from "../../loop/calibrate-judge.ts";
import { pickLoop } from "../../loop/pick-loop.ts";
import { embeddedPlatform } from "../../platform/embedded.ts";
import { readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { LoopQuery } from "./patterns.ts";

const CalibrationQuery = LoopQuery.extend({
  human: z.string().min(1).max(200),
  humanThreshold: z.coerce.number().optional(),
  window: z.string().optional(),
  minPerClass: z.coerce.number().int().min(1).optional(),
});

/** `GET /api/loopsmith/calibration?human=<key>` compares a loop's verdicts with the labels people have given by now. */
export function calibrationRoutes(app: Hono, { store }: ServerContext): void {
  app.get("/api/loopsmith/calibration", async (c) => {
    const { loop: name, human: humanKey, humanThreshold, window, minPerClass } = readQuery(c, CalibrationQuery);
    const loop = await pickLoop(store, name);
    const platform = embeddedPlatform({ store });
    const found = await calibrateJudge(
      { store, platform, loopId: loop.id },
      {
        humanKey,
        ...(humanThreshold !== undefined && { humanThreshold }),
        ...(window !== undefined && { window }),
        ...(minPerClass !== undefined && { minPerClass }),
      },
    );
    return c.json({ loop: loop.name, ...found });
  });
}
