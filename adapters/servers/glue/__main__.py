from adapters.servers.command_line import main
from adapters.servers.glue import build_server

main(build_server, "glue")
