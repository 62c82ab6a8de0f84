from netproto.cli.main import main

raise SystemExit(main())
