//! `schema/rules.txt`: what the schema cannot say by itself.
//!
//! One rule a line, `#` starts a comment:
//!
//! - `convert <old type> -> <new type> : <module>` — a field changed its type;
//!   `convert::<module>::{up, down}` turn one into the other.
//! - `rename <definition>.<field> [<old type>] -> <new field> [via <module>]` — a field changed its
//!   name (and its type or unit).
//! - `fallback <type> : <constructor>` — what is written for a constructor that the layer does not have.
//! - `fallback <type> via <function>` — the same, where it depends on the value:
//!   `convert::fallback::<function>(&value) -> Option<type>`.
//! - `empty <type> : <constructor>` — what stands for "none" where an old layer requires a value.
//! - `accept <type>` — an id that is not of the type is read by `convert::accept::<type>(reader) -> value`,
//!   where clients in use are known to send another type in its place.
//! - `upgrade <definition>` — `convert::upgrade::<definition>(&mut value)` runs on values read in an
//!   older form.
//! - `upgrade-type <type>` — `convert::upgrade::<type>(value) -> value`, for all of an enum.
//! - `downgrade <definition> below <layer>` — `convert::downgrade::<definition>(&value, layer) ->
//!   Option<value>` runs before values are written for a layer below that one.
//! - `downgrade-type <type> below <layer>` — the same for all of an enum.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::schema::{SchemaError, Ty};

#[derive(Debug)]
pub(crate) struct Rename {
    pub(crate) field: String,
    /// Only definitions in which the field has this type are meant.
    pub(crate) of: Ty,
    pub(crate) to: String,
    pub(crate) via: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Fallback {
    Constructor(String),
    Function(String),
}

#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) converts: Vec<(Ty, Ty, String, Used)>,
    pub(crate) renames: BTreeMap<String, Vec<(Rename, Used)>>,
    pub(crate) fallbacks: BTreeMap<String, (Fallback, Used)>,
    pub(crate) empties: BTreeMap<String, (String, Used)>,
    pub(crate) accepts: BTreeMap<String, Used>,
    pub(crate) upgrades: BTreeMap<String, Used>,
    pub(crate) downgrades: BTreeMap<String, (i32, Used)>,
    pub(crate) type_upgrades: BTreeMap<String, Used>,
    pub(crate) type_downgrades: BTreeMap<String, (i32, Used)>,
}

/// Whether a rule was needed; one that was not is an error.
#[derive(Debug, Default)]
pub(crate) struct Used(Cell<bool>);

impl Used {
    pub(crate) fn mark(&self) {
        self.0.set(true);
    }
}

impl Rules {
    pub(crate) fn parse(text: &str) -> Result<Self, SchemaError> {
        let mut rules = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let at = |what: &str| SchemaError(format!("rules.txt:{}: {what}: {line}", index + 1));
            let words: Vec<&str> = line.split_whitespace().collect();
            let used = Used::default;
            match words[..] {
                ["convert", old, "->", new, ":", module] => {
                    rules.converts.push((Ty::parse(old)?, Ty::parse(new)?, module.to_owned(), used()));
                }
                ["rename", from, of, "->", to] => rules.rename(from, of, to, None).ok_or(at("no field"))?,
                ["rename", from, of, "->", to, "via", module] => {
                    rules.rename(from, of, to, Some(module)).ok_or(at("no field"))?;
                }
                ["fallback", ty, ":", constructor] => {
                    let fallback = Fallback::Constructor(constructor.to_owned());
                    rules.fallbacks.insert(ty.to_owned(), (fallback, used()));
                }
                ["fallback", ty, "via", function] => {
                    let fallback = Fallback::Function(function.to_owned());
                    rules.fallbacks.insert(ty.to_owned(), (fallback, used()));
                }
                ["empty", ty, ":", constructor] => {
                    rules.empties.insert(ty.to_owned(), (constructor.to_owned(), used()));
                }
                ["accept", name] => drop(rules.accepts.insert(name.to_owned(), used())),
                ["upgrade", name] => drop(rules.upgrades.insert(name.to_owned(), used())),
                ["upgrade-type", name] => drop(rules.type_upgrades.insert(name.to_owned(), used())),
                ["downgrade", name, "below", layer] => {
                    let layer = layer.parse().map_err(|_| at("not a layer"))?;
                    rules.downgrades.insert(name.to_owned(), (layer, used()));
                }
                ["downgrade-type", name, "below", layer] => {
                    let layer = layer.parse().map_err(|_| at("not a layer"))?;
                    rules.type_downgrades.insert(name.to_owned(), (layer, used()));
                }
                _ => return Err(at("not a rule")),
            }
        }
        Ok(rules)
    }

    fn rename(&mut self, from: &str, of: &str, to: &str, via: Option<&str>) -> Option<()> {
        let (definition, field) = from.rsplit_once('.')?;
        let of = Ty::parse(of.strip_prefix('[')?.strip_suffix(']')?).ok()?;
        let rename = Rename { field: field.to_owned(), of, to: to.to_owned(), via: via.map(str::to_owned) };
        self.renames.entry(definition.to_owned()).or_default().push((rename, Used::default()));
        Some(())
    }

    /// The rename that a field of a definition falls under.
    pub(crate) fn renamed(&self, definition: &str, field: &str, ty: &Ty) -> Option<&Rename> {
        let (rename, used) =
            self.renames.get(definition)?.iter().find(|(r, _)| r.field == field && r.of == *ty)?;
        used.mark();
        Some(rename)
    }

    /// The module that turns a field of type `old` into `new`.
    pub(crate) fn conversion(&self, old: &Ty, new: &Ty) -> Option<&str> {
        let (.., module, used) = self.converts.iter().find(|(o, n, ..)| (o, n) == (old, new))?;
        used.mark();
        Some(module)
    }

    /// Rules that nothing asked for.
    pub(crate) fn unused(&self) -> Vec<String> {
        let mut unused = Vec::new();
        let mut note = |used: &Used, what: String| {
            if !used.0.get() {
                unused.push(what);
            }
        };
        for (old, new, _, used) in &self.converts {
            note(used, format!("convert {old} -> {new}"));
        }
        for (name, renames) in &self.renames {
            for (rename, used) in renames {
                note(used, format!("rename {name}.{}", rename.field));
            }
        }
        for (name, (_, used)) in &self.fallbacks {
            note(used, format!("fallback {name}"));
        }
        for (name, (_, used)) in &self.empties {
            note(used, format!("empty {name}"));
        }
        for (name, used) in &self.accepts {
            note(used, format!("accept {name}"));
        }
        for (name, used) in self.upgrades.iter().chain(&self.type_upgrades) {
            note(used, format!("upgrade {name}"));
        }
        for (name, (_, used)) in self.downgrades.iter().chain(&self.type_downgrades) {
            note(used, format!("downgrade {name}"));
        }
        unused
    }
}
