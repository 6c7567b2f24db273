//! Security controls: what they mean, how they are checked and fixed, which benchmark items they satisfy.
