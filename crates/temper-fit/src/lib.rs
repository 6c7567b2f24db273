//! What a service needs to run: user, writable paths, capabilities, workload class, each with evidence.
