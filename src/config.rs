//! Settings from `Rocket.toml` and the environment.
