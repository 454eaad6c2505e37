//! Starts one PostgreSQL for all tests of a run and names it to them. Called by the test runner
//! (`.config/nextest.toml`), whose end is the server's end.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::process::parent_id;

use testkit::postgres::{Cluster, SHARED};

fn main() {
    let environment = std::env::var_os("NEXTEST_ENV").expect("called by cargo-nextest");
    let folder = Cluster::start_for(parent_id());
    let mut file = OpenOptions::new().append(true).open(environment).expect("the runner's file");
    writeln!(file, "{SHARED}={}", folder.display()).expect("the runner's file can be written");
}
