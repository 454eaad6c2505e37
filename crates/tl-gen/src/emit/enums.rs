//! Types of several constructors: their declarations, decoders and encoders.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::Emitter;
use crate::model::{Item, Type};
use crate::names;
use crate::rules::Fallback;
use crate::schema::SchemaError;

impl Emitter<'_> {
    pub(super) fn enumeration(
        &self,
        out: &mut String,
        ty: &Type,
        depths: &BTreeMap<String, u32>,
    ) -> Result<(), SchemaError> {
        let name = names::pascal(names::split(&ty.name).1);
        let items: Vec<(&Item, String)> = ty
            .constructors
            .iter()
            .map(|c| (&self.model.constructors[c], names::variant(c, &ty.name)))
            .collect();
        let distinct: BTreeSet<&String> = items.iter().map(|(_, variant)| variant).collect();
        if distinct.len() < items.len() {
            return Err(SchemaError(format!("two constructors of {} make one variant", ty.name)));
        }
        let default = items
            .iter()
            .min_by_key(|(item, variant)| {
                let rule = self.rules.empties.get(&ty.name).is_some_and(|(c, _)| *c == item.name);
                let depth = self.depth(&item.name, depths).unwrap_or(u32::MAX);
                (!rule, depth, !item.fields.is_empty(), !variant.ends_with("Empty"))
            })
            .expect("an enum has variants");
        let derived = if default.0.fields.is_empty() { ", Default" } else { "" };
        put!(out, "/// `{}`\n#[derive(Clone, Debug{derived}, PartialEq)]\npub enum {name} {{", ty.name);
        for (item, variant) in &items {
            if item.fields.is_empty() {
                let mark = if item.name == default.0.name { "#[default] " } else { "" };
                put!(out, "/// `{}`\n{mark}{variant},", item.newest().line);
            } else if self.is_boxed(item) {
                put!(out, "{variant}(Box<{}>),", self.struct_path(item));
            } else {
                put!(out, "{variant}({}),", self.struct_path(item));
            }
        }
        put!(out, "}}");
        if !default.0.fields.is_empty() {
            put!(out, "impl Default for {name} {{ fn default() -> Self {{");
            put!(out, "Self::{}(Default::default())\n}} }}", default.1);
        }
        for (item, variant) in items.iter().filter(|(item, _)| !item.fields.is_empty()) {
            let path = self.struct_path(item);
            let value = if self.is_boxed(item) { "Box::new(v)" } else { "v" };
            put!(out, "impl From<{path}> for {name} {{");
            put!(out, "fn from(v: {path}) -> Self {{ Self::{variant}({value}) }} }}");
        }
        self.enum_decode(out, ty, &name, &items);
        self.enum_encode(out, ty, &name, &items)
    }

    fn enum_decode(&self, out: &mut String, ty: &Type, name: &str, items: &[(&Item, String)]) {
        put!(out, "impl Decode for {name} {{ fn decode(r: &mut Reader<'_>) -> R<Self> {{");
        let accepts = self.rules.accepts.get(&ty.name).inspect(|used| used.mark());
        if accepts.is_some() {
            put!(out, "let start = r.clone();");
        }
        put!(out, "let id = r.u32()?;");
        if ty.recursive {
            put!(out, "r.enter()?;");
        }
        put!(out, "let v = match id {{");
        for (item, variant) in items {
            let ids: Vec<String> = item.layouts.iter().map(|l| format!("{:#010x}", l.id)).collect();
            let ids = ids.join(" | ");
            if item.fields.is_empty() {
                put!(out, "{ids} => Self::{variant},");
            } else {
                put!(out, "{ids} => Self::{variant}({}::read(id, r)?),", self.struct_path(item));
            }
        }
        if accepts.is_some() {
            let enter = if ty.recursive { "r.enter()?; " } else { "" };
            let function = names::snake(&ty.name.replace('.', "_"));
            put!(out, "_ => {{ *r = start; {enter}c::accept::{function}(r)? }}\n}};");
        } else {
            put!(
                out,
                "_ => return Err(DecodeError::UnknownConstructor {{ id, expected: {:?} }}),\n}};",
                ty.name
            );
        }
        if ty.recursive {
            put!(out, "r.leave();");
        }
        match self.rules.type_upgrades.get(&ty.name) {
            Some(used) => {
                used.mark();
                put!(out, "Ok(c::upgrade::{}(v))\n}} }}", names::snake(&ty.name.replace('.', "_")));
            }
            None => put!(out, "Ok(v)\n}} }}"),
        }
    }

    fn enum_encode(
        &self,
        out: &mut String,
        ty: &Type,
        name: &str,
        items: &[(&Item, String)],
    ) -> Result<(), SchemaError> {
        let mut write = String::from("match self {\n");
        for (item, variant) in items {
            if !item.fields.is_empty() {
                put!(write, "Self::{variant}(v) => v.encode(w),");
                continue;
            }
            let mut forms = String::new();
            for layout in &item.layouts {
                for (first, last) in &layout.ranges {
                    forms.push_str(&format!("({first}, {last}, {:#010x}), ", layout.id));
                }
            }
            put!(write, "Self::{variant} => unit(w, &[{}]),", forms.trim_end_matches(", "));
        }
        write.push_str("}\n");
        let mut rest = String::from("self.write(w)\n");
        let mut hooked = false;
        if let Some((fallback, used)) = self.rules.fallbacks.get(&ty.name) {
            used.mark();
            hooked = true;
            self.model.fallback_is_known(&ty.name, fallback)?;
            let other = match fallback {
                Fallback::Constructor(c) => format!("Self::{}.write(w)", names::variant(c, &ty.name)),
                Fallback::Function(f) => format!(
                    "match c::fallback::{f}(self, w.layer()) {{ Some(v) => v.write(w), \
                     None => Err(Inexpressible) }}"
                ),
            };
            rest = format!(
                "let start = w.len();\nif self.write(w).is_ok() {{ return Ok(()); }}\n\
                 w.truncate(start);\n{other}\n"
            );
        }
        if let Some((layer, used)) = self.rules.type_downgrades.get(&ty.name) {
            used.mark();
            hooked = true;
            let function = names::snake(&ty.name.replace('.', "_"));
            rest = format!(
                "if w.layer() < {layer} && let Some(v) = c::downgrade::{function}(self, w.layer()) {{\n\
                 return v.write(w);\n}}\n{rest}"
            );
        }
        if hooked {
            put!(out, "impl {name} {{ fn write(&self, w: &mut Writer) -> E {{\n{write}}} }}");
            write = rest;
        }
        put!(out, "impl Encode for {name} {{ fn encode(&self, w: &mut Writer) -> E {{\n{write}}} }}");
        Ok(())
    }
}
