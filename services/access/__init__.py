"""Who may call a runner, and over what: TLS, tokens, client certificates, and what each may do."""
