#!/usr/bin/env bash
# Sets up a second stack on the local AWS with a merchant of its own, by the documented commands alone.
set -euo pipefail
cd "$(dirname "$0")/../.."

make second STACK=second-shop
echo "second-password" | ./elsom --local --stack second-shop setup --partner-code 00777 --merchant-msisdn 0909002003 --password-stdin
./elsom --local --stack second-shop doctor
