//! Which crate may use which. Another edge needs a line here, and a reason in ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// What a crate's own code may use, from the bottom up.
const EDGES: &[(&str, &[&str])] = &[
    // Formats and ciphers know of nobody.
    ("tl", &[]),
    ("tl-gen", &[]),
    ("tl-api", &["tl"]),
    ("crypto", &[]),
    ("mtproto", &["tl", "crypto"]),
    // Rules, and what holds data. No wire types but in `updates`, which builds what is sent.
    ("domain", &[]),
    ("policy", &[]),
    ("meters", &[]),
    ("store", &["domain", "meters"]),
    ("blob", &["domain"]),
    ("bus", &["domain"]),
    ("updates", &["domain", "store", "bus", "tl", "tl-api"]),
    ("service", &["domain", "store", "blob", "bus", "updates"]),
    // The two APIs.
    // `mtproto` for one thing: the message inside of `auth.bindTempAuthKey` is sealed as the protocol seals.
    ("rpc", &["tl", "tl-api", "mtproto", "service", "updates", "domain", "meters"]),
    ("api", &["rpc", "service", "updates", "domain", "tl", "tl-api"]),
    ("botapi", &["service", "updates", "domain"]),
    // Sockets.
    ("gateway", &["mtproto", "rpc", "botapi", "updates", "domain", "meters"]),
    ("client", &["mtproto", "tl", "tl-api", "domain"]),
    // `store` and `service` to fill databases, `crypto` for what ciphers do at best.
    ("bench", &["client", "mtproto", "crypto", "tl", "tl-api", "domain", "store", "service"]),
    ("crash", &["bench", "client", "mtproto", "tl", "tl-api", "domain"]),
    // Developers' commands; `tl-proof` compares our bytes with those of other libraries.
    ("xtask", &["tl-gen"]),
    ("tl-proof", &["tl", "tl-api", "tl-gen"]),
];

/// These put everything together.
const MAY_USE_ALL: &[&str] = &["chatters", "sim", "testkit"];

/// What any crate's tests may use besides.
const TESTS_MAY_USE: &[&str] = &["client", "domain", "policy", "store", "testkit", "tl", "tl-api"];

/// What build scripts use.
const BUILD_EDGES: &[(&str, &str)] = &[("tl-api", "tl-gen"), ("tl-proof", "tl-gen")];

/// Crates that take bytes, time and randomness as arguments, and so must not be able to reach the world.
const PURE: &[&str] = &["tl", "tl-api", "crypto", "mtproto", "domain", "policy"];

/// Libraries that reach it.
const WORLDLY: &[&str] = &[
    "getrandom",
    "rand",
    "tokio",
    "mio",
    "socket2",
    "hyper",
    "reqwest",
    "rusqlite",
    "chrono",
    "time",
    "tracing",
];

/// The crates of the workspace, and of each its edges to others, by kind.
fn workspace() -> (BTreeSet<String>, Vec<(String, DependencyKind, String)>) {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .expect("cargo metadata reads the workspace");
    let packages: Vec<&Package> = metadata.workspace_packages();
    let names: BTreeSet<String> = packages.iter().map(|package| package.name.to_string()).collect();
    let mut edges = Vec::new();
    for package in packages {
        for dependency in package.dependencies.iter().filter(|dependency| names.contains(&dependency.name)) {
            edges.push((package.name.to_string(), dependency.kind, dependency.name.clone()));
        }
    }
    (names, edges)
}

#[test]
fn crates_use_only_what_they_may() {
    let table: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    assert_eq!(table.len(), EDGES.len(), "a crate is listed twice");
    let (names, edges) = workspace();
    for name in &names {
        let known = table.contains_key(name.as_str()) || MAY_USE_ALL.contains(&name.as_str());
        assert!(known, "crate {name} is not in the table");
    }
    let mut wrong = Vec::new();
    for (from, kind, to) in &edges {
        let allowed = MAY_USE_ALL.contains(&from.as_str())
            || match kind {
                DependencyKind::Build => BUILD_EDGES.contains(&(from, to)),
                DependencyKind::Development => {
                    table[from.as_str()].contains(&to.as_str()) || TESTS_MAY_USE.contains(&to.as_str())
                }
                _ => table[from.as_str()].contains(&to.as_str()),
            };
        if !allowed {
            wrong.push(format!("{from} -> {to} ({kind})"));
        }
    }
    assert!(wrong.is_empty(), "edges that the table does not have: {wrong:#?}");
}

#[test]
fn pure_crates_cannot_reach_the_world() {
    let (names, _) = workspace();
    for name in PURE.iter().filter(|name| names.contains(**name)) {
        let tree = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--package", name])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .output()
            .expect("cargo tree runs");
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).expect("cargo speaks UTF-8");
        let used: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(used.contains(name), "the tree of {name} is empty");
        let worldly: Vec<_> = WORLDLY.iter().filter(|library| used.contains(**library)).collect();
        assert!(worldly.is_empty(), "{name} uses {worldly:?}");
    }
}
