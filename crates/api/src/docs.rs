//! `docs/methods.md`: which methods are built.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write;

use tl_api::{METHODS, MethodInfo, NEWEST_LAYER};

use crate::registry;

/// The page, made from the registry and the schema.
pub fn methods() -> String {
    let registry = registry();
    let built = registry.names().collect::<BTreeSet<_>>();
    let mut namespaces: BTreeMap<&str, Vec<&MethodInfo>> = BTreeMap::new();
    for method in METHODS.iter().filter(|method| is_current(method)) {
        let (namespace, _) = method.name.split_once('.').unwrap_or(("", method.name));
        namespaces.entry(namespace).or_default().push(method);
    }
    namespaces.remove("");
    let total = namespaces.values().map(Vec::len).sum::<usize>();
    let mut page = format!(
        "# Methods\n\nEvery method of layer {NEWEST_LAYER}, made from the registry by `chatters methods`. A \
         method that is missing\nanswers `400 METHOD_INVALID`. Older forms of a method that is built are \
         understood too.\n\nBuilt: {} of {total}.\n",
        states().iter().filter(|(_, built)| *built).count(),
    );
    for (namespace, methods) in namespaces {
        let count = methods.iter().filter(|method| built.contains(method.name)).count();
        let _ = write!(page, "\n## {namespace} ({count} of {})\n\n", methods.len());
        page.push_str("| method | state |\n|---|---|\n");
        for method in methods {
            let state = if built.contains(method.name) { "built" } else { "missing" };
            let _ = writeln!(page, "| `{}` | {state} |", method.name);
        }
    }
    page
}

/// Every method of the newest layer in the order of the alphabet, and whether it is built.
pub fn states() -> Vec<(&'static str, bool)> {
    let registry = registry();
    let built = registry.names().collect::<BTreeSet<_>>();
    let current = METHODS.iter().filter(|method| is_current(method) && method.name.contains('.'));
    let mut states: Vec<_> = current.map(|method| (method.name, built.contains(method.name))).collect();
    states.sort_unstable();
    states
}

/// Whether the newest layer still has the method.
fn is_current(method: &MethodInfo) -> bool {
    method.ids.iter().any(|id| id.last >= NEWEST_LAYER)
}
