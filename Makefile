PY = .venv/bin/python
PROTOS = proto/twinrun/v1/job.proto proto/twinrun/v1/runner_service.proto

proto: ## Generate the protocol's code again
	$(PY) -m grpc_tools.protoc -Iproto -I$$($(PY) -c 'import google.rpc; print(list(google.rpc.__path__)[0])')/../.. \
	  --python_out=proto --pyi_out=proto --grpc_python_out=proto $(PROTOS)

.PHONY: proto
