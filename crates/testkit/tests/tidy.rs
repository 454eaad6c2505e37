//! House rules that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};

/// The longest source file that is not generated. May only fall.
const LINES_MAX: usize = 800;

/// Folders that are built or fetched.
const NOT_OURS: &[&str] = &[".git", ".venv", ".work", "__pycache__", "data", "node_modules", "target"];

struct File {
    /// From the root of the repository.
    name: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every text file of the repository below `folder`.
fn files(folder: &str) -> Vec<File> {
    let mut files = Vec::new();
    collect(&root().join(folder), folder, &mut files);
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn collect(path: &Path, name: &str, files: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        let part = entry.file_name().to_string_lossy().into_owned();
        let name = if name.is_empty() { part.clone() } else { format!("{name}/{part}") };
        let path = entry.path();
        if path.is_dir() {
            if !NOT_OURS.contains(&part.as_str()) {
                collect(&path, &name, files);
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            files.push(File { name, text });
        }
    }
}

fn rust(folder: &str) -> Vec<File> {
    let mut files = files(folder);
    files.retain(|file| file.name.ends_with(".rs"));
    files
}

/// Fails with every file and line that `is_wrong`.
fn check(files: &[File], what: &str, is_wrong: impl Fn(&str) -> bool) {
    let mut wrong = Vec::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate().filter(|(_, line)| is_wrong(line)) {
            wrong.push(format!("{}:{}: {}", file.name, at + 1, line.trim()));
        }
    }
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

#[test]
fn source_files_are_short() {
    for file in rust("crates") {
        let lines = file.text.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines, {LINES_MAX} are allowed: split it", file.name);
    }
}

#[test]
fn modules_say_what_they_are() {
    for file in rust("crates") {
        let is_root = ["/src/lib.rs", "/src/main.rs", "/mod.rs"].iter().any(|end| file.name.ends_with(end));
        assert!(!is_root || file.text.starts_with("//! "), "{} does not begin with //!", file.name);
    }
}

#[test]
fn no_test_is_left_out() {
    let marker = concat!("#[", "ignore");
    check(&rust("crates"), "ignored tests prove nothing", |line| line.trim_start().starts_with(marker));
}

#[test]
fn nobodys_machine_is_in_the_repository() {
    let places =
        [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];
    check(&files(""), "paths of one machine", |line| places.iter().any(|place| line.contains(place)));
}

#[test]
fn pure_crates_ask_nobody() {
    let outside = [
        "tokio::",
        "getrandom",
        "SystemTime",
        "Instant::now",
        "std::fs",
        "std::process",
        "std::thread",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "ToSocketAddrs",
        "env::var",
    ];
    for name in ["tl", "crypto", "mtproto", "domain", "policy"] {
        let files = rust(&format!("crates/{name}/src"));
        check(&files, "bytes, time and randomness are arguments here", |line| {
            !line.trim_start().starts_with("//") && outside.iter().any(|word| line.contains(word))
        });
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    let section = manifest.split("[workspace.dependencies]").nth(1).expect("it lists dependencies");
    let section = section.split("\n[").next().unwrap_or(section);
    let mut previous = "";
    for line in section.lines().map(str::trim) {
        let is_ours = line.contains("path = \"crates/");
        let begins = line.contains(" = ") && !line.starts_with(['#', '"', ']']);
        assert!(is_ours || !begins || previous.starts_with('#'), "no comment above: {line}");
        previous = line;
    }
}

#[test]
fn every_crate_is_held_to_the_same_rules() {
    for file in files("crates").iter().filter(|file| file.name.ends_with("/Cargo.toml")) {
        assert!(
            file.text.contains("[lints]\nworkspace = true"),
            "{} does not take the workspace's lints",
            file.name
        );
        let folder = file.name.split('/').nth(1).unwrap_or_default();
        assert!(
            file.text.contains(&format!("name = \"{folder}\"")),
            "{}: folder and crate differ",
            file.name
        );
        check(std::slice::from_ref(file), "versions stand in the workspace's manifest", |line| {
            line.contains("version = \"") || line.contains("git = \"")
        });
    }
}

#[test]
fn migrations_are_numbered_without_gaps() {
    let mut names: Vec<String> = files("crates/store/migrations").into_iter().map(|file| file.name).collect();
    names.retain(|name| name.ends_with(".sql"));
    for (at, name) in names.iter().enumerate() {
        let number = format!("/{:04}_", at + 1);
        assert!(name.contains(&number), "{name} should have the number {number}");
    }
}
