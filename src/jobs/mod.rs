//! Durable background jobs: the trait, the registry, the runner. It knows no scraper.
