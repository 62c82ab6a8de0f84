"""The command line: `netproto COMMAND`. Only this package prints, reads argv and picks exit codes."""
