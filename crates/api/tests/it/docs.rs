//! The page of methods says what the registry has.

use std::path::Path;

/// `UPDATE_DOCS=1` writes the page instead.
#[test]
fn the_page_of_methods_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/methods.md");
    let page = api::docs::methods();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/methods.md is out of date: `make docs` writes it");
}
