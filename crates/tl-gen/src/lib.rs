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

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "peer#1 id:int = Peer;\npeerNone#2 = Peer;";
    const NEW: &str = "peer#3 id:long = Peer;\npeerNone#2 = Peer;";

    fn check(rules: &str) -> Result<String, String> {
        let mut schema = Schema::default();
        schema.take_in(1, OLD).expect("well-formed");
        schema.take_in(2, NEW).expect("well-formed");
        match generate(&schema.print(), rules) {
            Ok(files) => Ok(files.into_iter().map(|(_, text)| text).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_changed_field_needs_a_rule() {
        let error = check("").unwrap_err();
        assert!(error.contains("needs `convert int -> long : <module>`"), "{error}");
        let text = check("convert int -> long : wide").unwrap();
        assert!(text.contains("let id = c::wide::up(r.i32()?);"), "{text}");
        assert!(text.contains("c::wide::down(&self.id)?.encode(w)?;"), "{text}");
    }

    #[test]
    fn rules_are_checked() {
        for (rules, expected) in [
            ("convert int -> long : wide\nconvert int -> string : x", "cover nothing: convert int -> string"),
            ("convert int -> long : wide\nfallback Peer : peer", "not a constructor of Peer without fields"),
            ("convert int long", "not a rule"),
            ("downgrade peer below x", "not a layer"),
        ] {
            let error = check(rules).unwrap_err();
            assert!(error.contains(expected), "{rules}: {error}");
        }
    }
}
