//! `cargo xtask <chore>`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use tl_gen::schema::Schema;

const USAGE: &str = "usage: cargo xtask schema <folder of name_LAYER.tl files>";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["schema", folder] => schema(Path::new(folder)),
        _ => Err(USAGE.into()),
    }
}

/// Takes every schema file of a folder into `schema/api.tl` and `schema/mtproto.tl`.
///
/// Layers that are known already are replaced, so running it twice changes nothing, and a folder
/// that holds only the next layer adds that one.
fn schema(folder: &Path) -> Result<(), Box<dyn Error>> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    fs::create_dir_all(&target)?;
    let api = target.join("api.tl");
    let mut schema = match fs::read_to_string(&api) {
        Ok(text) => Schema::parse(&text)?,
        Err(_) => Schema::default(),
    };
    let (mut whole, mut changes) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(layer) = number(name, "layer_", "_additions.tl") {
            changes.push((layer, path));
        } else if let Some(layer) = name.rsplit_once('_').and_then(|(_, layer)| number(layer, "", ".tl")) {
            whole.push((layer, path));
        } else if name == "mtproto.tl" {
            fs::write(target.join(name), mtproto(&path)?)?;
        }
    }
    whole.sort();
    changes.sort();
    for (layer, path) in &whole {
        schema.take_in(*layer, &fs::read_to_string(path)?)?;
    }
    for (layer, path) in &changes {
        schema.take_in_changes(*layer, &fs::read_to_string(path)?)?;
    }
    fs::write(&api, schema.print())?;
    println!("{} definitions, layers {:?}", schema.definitions.len(), schema.layers);
    Ok(())
}

fn number(name: &str, before: &str, after: &str) -> Option<i32> {
    name.strip_prefix(before)?.strip_suffix(after)?.parse().ok()
}

/// The service types hold in every layer; their file is sorted and has no ranges.
fn mtproto(path: &PathBuf) -> Result<String, Box<dyn Error>> {
    let mut sections = [("types", Vec::new()), ("functions", Vec::new())];
    let mut section = 0;
    for line in fs::read_to_string(path)?.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        match line {
            "---types---" => section = 0,
            "---functions---" => section = 1,
            // The primitives have no id, and neither do the blocks of the fake TLS hello.
            _ if line.contains('#') && !line.contains("# [") => sections[section].1.push(line.to_owned()),
            _ => (),
        }
    }
    let mut text = String::from(
        "// The service types of MTProto, the same in every layer; in code: crates/tl/src/service.rs.\n\
         // Written by `cargo xtask schema`; see README.md beside this file.\n",
    );
    for (name, lines) in &mut sections {
        lines.sort();
        text.push_str(&format!("\n---{name}---\n\n{}\n", lines.join("\n")));
    }
    Ok(text)
}
