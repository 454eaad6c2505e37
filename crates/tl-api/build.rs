//! Generates the types and functions from `schema/`.

use std::path::Path;
use std::{env, fs};

fn main() {
    let schema = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../schema");
    let (api, rules) = (schema.join("api.tl"), schema.join("rules.txt"));
    println!("cargo::rerun-if-changed={}", api.display());
    println!("cargo::rerun-if-changed={}", rules.display());
    println!("cargo::rerun-if-changed=build.rs");
    let read = |path: &Path| match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => panic!("{}: {error}", path.display()),
    };
    let files = match tl_gen::generate(&read(&api), &read(&rules)) {
        Ok(files) => files,
        Err(error) => panic!("{error}"),
    };
    let out = env::var("OUT_DIR").expect("cargo sets it");
    for (name, text) in files {
        fs::write(Path::new(&out).join(name), text).expect("OUT_DIR is writable");
    }
}
