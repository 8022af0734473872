#!/bin/sh
# All checks and measurements that need real hardware: see device.ts. Needs only Node and `npm ci`; if CUDA is not set up, it says how to, and does the rest.
# usage: bench/device.sh [DEVICE...] [--models tiny-sd,sd1.5] [--batches 1,2,4] [--side N] [--steps 6] [--timeout SECONDS] [--out DIR]
set -eu
cd "$(dirname "$0")/.."
command -v node >/dev/null || { echo "Node 20.15 or later is needed."; exit 2; }
[ -d node_modules ] || { echo "Run npm ci first."; exit 2; }
if command -v nvidia-smi >/dev/null; then nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv; fi
exec node --import tsx bench/device.ts "$@"
