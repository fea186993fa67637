from adapters.servers.command_line import main
from adapters.servers.dynamodb import build_server

main(build_server, "dynamodb")
