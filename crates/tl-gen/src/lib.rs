//! Merges the schemas of several layers into one, and generates the Rust types of it.
//!
//! Used by `cargo xtask schema` (the merge) and by the build script of `tl-api` (the generation).

mod emit;
mod model;
mod names;
mod rules;
pub mod schema;

use schema::{Schema, SchemaError};

/// Generates the files of `tl-api`, as pairs of name and text.
///
/// Fails when two layers differ in a way that no rule covers, and when a rule covers nothing.
pub fn generate(schema: &str, rules: &str) -> Result<Vec<(&'static str, String)>, SchemaError> {
    let schema = Schema::parse(schema)?;
    let rules = rules::Rules::parse(rules)?;
    let model = model::Model::new(&schema, &rules)?;
    let emitter = emit::Emitter { model: &model, rules: &rules };
    let files = vec![
        ("types.rs", emitter.types()),
        ("enums.rs", emitter.enums()?),
        ("functions.rs", emitter.functions()),
        ("methods.rs", emitter.methods()),
        ("registry.rs", emitter.registry()),
    ];
    let unused = rules.unused();
    if !unused.is_empty() {
        return Err(SchemaError(format!("rules.txt has rules that cover nothing: {}", unused.join("; "))));
    }
    Ok(files)
}
