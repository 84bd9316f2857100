"""The MLflow server that nas-operator starts by itself: PORT DATABASE ARTIFACTS, on loopback.

`mlflow server` keeps more processes of 250 MB each (its command line, and runners of jobs for language models) beside the
server. This serves the same application from one process, in a session of its own, so that Ctrl-C in the user's terminal
does not reach it. Exit code 98: the port is taken.
"""

import os
import socket
import sys

port, database, artifacts = int(sys.argv[1]), sys.argv[2], sys.argv[3]
if os.getpid() != os.getsid(0):
    os.setsid()

# Taken before anything slow, so that whatever answers at the port from here on is this process.
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    listener.bind(("127.0.0.1", port))
except OSError:
    sys.exit(98)

from mlflow.server import constants

os.environ[constants.BACKEND_STORE_URI_ENV_VAR] = database
os.environ[constants.REGISTRY_STORE_URI_ENV_VAR] = database
os.environ[constants.ARTIFACT_ROOT_ENV_VAR] = "mlflow-artifacts:/"
os.environ[constants.ARTIFACTS_DESTINATION_ENV_VAR] = artifacts
os.environ[constants.SERVE_ARTIFACTS_ENV_VAR] = "true"

import uvicorn
from mlflow.server.handlers import initialize_backend_stores

initialize_backend_stores(database, database, "mlflow-artifacts:/")
config = uvicorn.Config(
    "mlflow.server.fastapi_app:app",
    access_log=False,
    # longer than clients keep their idle connections
    timeout_keep_alive=90,
    timeout_graceful_shutdown=5,
)
uvicorn.Server(config).run(sockets=[listener])
