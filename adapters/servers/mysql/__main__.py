from adapters.servers.command_line import main
from adapters.servers.mysql import build_server

main(build_server, "mysql")
