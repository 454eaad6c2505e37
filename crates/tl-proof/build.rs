//! Lists the types and functions of grammers-tl-types by name, so that a test can go over them all.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use tl_gen::schema::{Kind, Schema, Ty};

/// The layer of grammers-tl-types 0.11.
const LAYER: i32 = 230;

fn main() {
    let path = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../schema/api.tl");
    println!("cargo::rerun-if-changed={}", path.display());
    println!("cargo::rerun-if-changed=build.rs");
    let text = fs::read_to_string(&path).expect("schema/api.tl is there");
    let schema = Schema::parse(&text).expect("schema/api.tl is well-formed");
    let (mut types, mut functions) = (BTreeSet::new(), BTreeSet::new());
    for definition in schema.definitions.values().filter(|d| d.layers.contains(&LAYER)) {
        match (definition.kind, &definition.result) {
            (Kind::Type, Ty::Named(name)) => drop(types.insert(name.clone())),
            // Wrappers are generic there.
            (Kind::Function, result) if *result != Ty::Query => {
                functions.insert(definition.name.clone());
            }
            _ => (),
        }
    }
    let mut out = String::new();
    for (list, module, decoder, names) in
        [("TYPES", "enums", "boxed", types), ("FUNCTIONS", "functions", "query", functions)]
    {
        writeln!(out, "const {list}: &[(&str, Rewrite)] = &[").expect("a string");
        for name in names {
            let (namespace, short) = name.split_once('.').unwrap_or(("", &name));
            let path = if namespace.is_empty() { String::new() } else { format!("{namespace}::") };
            let short = pascal(short);
            writeln!(out, "({name:?}, {decoder}::<grammers_tl_types::{module}::{path}{short}>),")
                .expect("a string");
        }
        writeln!(out, "];").expect("a string");
    }
    let target = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("grammers.rs");
    fs::write(target, out).expect("OUT_DIR is writable");
}

/// As grammers writes names: `JSONValue` is `Jsonvalue`.
fn pascal(name: &str) -> String {
    let mut out = String::new();
    let (mut first, mut keep) = (true, false);
    for c in name.chars() {
        if c == '_' {
            first = true;
        } else if first {
            out.push(c.to_ascii_uppercase());
            (first, keep) = (false, false);
        } else {
            out.push(if keep { c } else { c.to_ascii_lowercase() });
            keep = !c.is_ascii_uppercase();
        }
    }
    out
}
