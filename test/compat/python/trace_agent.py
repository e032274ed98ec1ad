"""Traces the agent once into the project named on the command line."""

import sys

from langsmith import Client

from agent import trace_agent

print(trace_agent(Client(), sys.argv[1]))
