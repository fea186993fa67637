from adapters.servers.command_line import main
from adapters.servers.s3 import build_server

main(build_server, "s3")
