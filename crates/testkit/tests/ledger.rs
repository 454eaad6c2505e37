//! Keeps the ledger honest: what it calls proven has tests, and they run.

use std::fs;
use std::path::{Path, PathBuf};

use policy::State;

#[test]
fn named_tests_exist_and_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut wrong = Vec::new();
    for clause in policy::ledger().expect("the ledger can be read") {
        for test in &clause.tests {
            if let Err(why) = find(&root, test) {
                wrong.push(format!("{}: {test}: {why}", clause.id));
            }
        }
        if clause.state == State::Kept && clause.tests.is_empty() {
            wrong.push(format!("{}: kept without a test", clause.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether the test called `name` exists and is run.
fn find(root: &Path, name: &str) -> Result<(), String> {
    match name.split_once(".py::") {
        Some((file, test)) => python(&read(&root.join(format!("{file}.py")))?, test),
        None => {
            let (package, path) = name.split_once("::").ok_or("not of the form crate::module::test")?;
            rust_test(&root.join("crates").join(package), path)
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Finds `module::…::test` in the sources of one crate: the file by its module path, the function by its name.
fn rust_test(package: &Path, path: &str) -> Result<(), String> {
    let (modules, test) = path.rsplit_once("::").unwrap_or(("", path));
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        collect(&package.join(folder), "", &mut files);
    }
    // The file whose module path is the longest beginning of the test's path.
    let holds =
        |module: &str| module.is_empty() || modules == module || modules.starts_with(&format!("{module}::"));
    files.retain(|(module, _)| holds(module));
    files.sort_by_key(|(module, _)| std::cmp::Reverse(module.len()));
    if files.is_empty() {
        return Err("no such module".to_owned());
    }
    for (_, file) in files {
        match rust_function(&read(&file)?, test) {
            Err(Absent) => {}
            Ok(outcome) => return outcome,
        }
    }
    Err("no such test in that module".to_owned())
}

/// The function is not in the file.
struct Absent;

/// Looks at the attributes of a function: it must be a test, and must not be left out.
fn rust_function(source: &str, name: &str) -> Result<Result<(), String>, Absent> {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_it = |line: &&str| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ")
            .is_some_and(|rest| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('(')))
    };
    let at = lines.iter().position(is_it).ok_or(Absent)?;
    let attributes: Vec<&&str> = lines[..at]
        .iter()
        .rev()
        .take_while(|line| line.starts_with("#[") || line.starts_with("///"))
        .collect();
    let is_test = |line: &&&str| line.contains("test]") || line.contains("test(");
    Ok(if !attributes.iter().any(is_test) {
        Err("not a test".to_owned())
    } else if attributes.iter().any(|line| line.contains("ignore")) {
        Err("ignored".to_owned())
    } else {
        Ok(())
    })
}

/// Every Rust file below `folder` with its module path. Test binaries are modules named after their file.
fn collect(folder: &Path, module: &str, files: &mut Vec<(String, PathBuf)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let inner = if module.is_empty() { stem.to_owned() } else { format!("{module}::{stem}") };
        if path.is_dir() {
            collect(&path, &inner, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let is_root = matches!(stem, "lib" | "main" | "mod");
            files.push((if is_root { module.to_owned() } else { inner }, path));
        }
    }
}

/// Finds `test` or `Class::test` in a Python file.
fn python(source: &str, name: &str) -> Result<(), String> {
    let function = name.rsplit("::").next().unwrap_or(name);
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_it = |line: &&str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("def ")
            .is_some_and(|rest| rest.strip_prefix(function).is_some_and(|rest| rest.starts_with('(')))
    };
    let at = lines.iter().position(is_it).ok_or("no such function")?;
    let decorators = lines[..at].iter().rev().take_while(|line| line.starts_with('@'));
    for decorator in decorators {
        if decorator.contains("skip") || decorator.contains("xfail") {
            return Err(format!("left out: {decorator}"));
        }
    }
    Ok(())
}

#[test]
fn the_search_tells_tests_from_the_rest() {
    let rust = "#[test]\nfn good() {}\n\n#[tokio::test]\n/// Doc.\nasync fn slow() {}\n\n#[test]\n#[ignore]\nfn left_out() {}\n\nfn helper() {}\n";
    let verdict = |name: &str| rust_function(rust, name).ok();
    assert_eq!(verdict("good"), Some(Ok(())));
    assert_eq!(verdict("slow"), Some(Ok(())));
    assert_eq!(verdict("left_out"), Some(Err("ignored".to_owned())));
    assert_eq!(verdict("helper"), Some(Err("not a test".to_owned())));
    assert_eq!(verdict("absent"), None);

    let foreign = "async def test_a():\n    pass\n\n@pytest.mark.skip\ndef test_b(x):\n    pass\n";
    assert_eq!(python(foreign, "test_a"), Ok(()));
    assert!(python(foreign, "test_b").is_err());
    assert!(python(foreign, "test_c").is_err());

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = |name: &str| find(&root, name).is_ok();
    assert!(found("domain::text::tests::entities_nest"));
    assert!(found("domain::ids::tests::keys_name_peers_of_every_kind"));
    assert!(found("testkit::ledger::the_search_tells_tests_from_the_rest"));
    assert!(!found("domain::nowhere::tests::entities_nest"));
    assert!(!found("domain::text::tests::no_such_test"));
    assert!(!found("nowhere::x"));
    assert!(!found("e2e/tests/nowhere.py::test_x"));
}

/// Names in backquotes that look like tests: `crate::module::test`, `e2e/tests/file.py::test`.
fn named_tests(line: &str) -> Vec<&str> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter(|name| name.contains("::") && !name.contains(' ') && !name.contains('(')).collect()
}

#[test]
fn the_threat_model_names_tests_that_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = read(&root.join("docs/security.md")).expect("the threat model is there");
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in text.lines() {
        let tests = named_tests(line);
        count += tests.len();
        for test in &tests {
            if let Err(why) = find(&root, test) {
                wrong.push(format!("{test}: {why}"));
            }
        }
        // A row of a table is shown by a test, or says that nothing shows it.
        let is_row = line.starts_with("| ") && !line.ends_with("| shown by |");
        if is_row && tests.is_empty() && !line.contains("not built") && !line.contains("not shown") {
            wrong.push(format!("nothing shows: {line}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 50, "{count} tests are named");
}

#[test]
fn every_fuzz_target_is_described() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let table = read(&root.join("fuzz/src/targets/mod.rs")).expect("the targets are there");
    let targets: Vec<&str> =
        table.split("target(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(targets.len() >= 15, "{targets:?}");
    let text = read(&root.join("docs/fuzzing.md")).expect("the description is there");
    for target in targets {
        assert!(text.contains(&format!("| `{target}` |")), "docs/fuzzing.md does not describe {target}");
        let seeds = root.join("fuzz/corpus").join(target);
        assert!(fs::read_dir(seeds).is_ok_and(|mut seeds| seeds.next().is_some()), "{target} has no seeds");
    }
}
