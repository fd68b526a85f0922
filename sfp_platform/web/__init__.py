"""The web server: its start line (`serve`), and what stands between it and Django (`front`)."""
