//! The registry of methods: from a query's bytes to its answer.

pub mod boundary;
