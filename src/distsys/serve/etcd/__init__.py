"""etcd for its real clients: joins the protocol (`wire.etcd`), the member (`services.etcd`) and the runtime."""
