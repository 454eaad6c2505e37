//! Rust text for the model.
//!
//! Compile time decides the shapes here: no generics, no closures, one function per layout, and the
//! rare cases (a field inexpressible in the layer, flags set afterwards) in functions of `tl::Writer`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::model::{Conversion, Field, Item, Layout, Model, Slot};
use crate::names;
use crate::rules::Rules;
use crate::schema::{Kind, Range, SchemaError, Ty};

macro_rules! put {
    ($out:expr, $($arg:tt)*) => { writeln!($out, $($arg)*).expect("writing to a string does not fail") };
}

// After the macro, which it uses too.
mod enums;

pub(crate) struct Emitter<'a> {
    pub(crate) model: &'a Model,
    pub(crate) rules: &'a Rules,
}

/// What goes by one flag bit: the conditions of its `true` flags, and its optional fields.
type Bit<'a> = (Vec<String>, Vec<(&'a Slot, &'a Field)>);

/// Texts by namespace, joined into modules.
#[derive(Default)]
struct Modules(BTreeMap<String, String>);

impl Modules {
    fn of(&mut self, name: &str) -> &mut String {
        self.0.entry(names::split(name).0.to_owned()).or_default()
    }

    fn join(self, what: &str) -> String {
        let mut out = String::from("use crate::rt::*;\n");
        for (namespace, text) in self.0 {
            if namespace.is_empty() {
                out.push_str(&text);
            } else {
                put!(out, "/// {what} of the namespace `{namespace}`.");
                put!(out, "pub mod {namespace} {{\nuse crate::rt::*;\n{text}}}");
            }
        }
        out
    }
}

impl Emitter<'_> {
    /// `types.rs`: a struct per constructor that has fields, or is the only one of its type.
    pub(crate) fn types(&self) -> String {
        let mut modules = Modules::default();
        for item in self.model.constructors.values().filter(|item| self.has_struct(item)) {
            let out = modules.of(&item.name);
            self.item(out, item);
        }
        modules.join("Constructors")
    }

    /// `enums.rs`: an enum per type that has several constructors.
    pub(crate) fn enums(&self) -> Result<String, SchemaError> {
        let mut modules = Modules::default();
        let depths = self.depths();
        for ty in self.model.types.values().filter(|ty| !ty.is_struct()) {
            self.enumeration(modules.of(&ty.name), ty, &depths)?;
        }
        Ok(modules.join("Types"))
    }

    /// `functions.rs`: a struct per function.
    pub(crate) fn functions(&self) -> String {
        let mut modules = Modules::default();
        for item in self.model.functions.values() {
            let out = modules.of(&item.name);
            self.item(out, item);
            let name = names::pascal(names::split(&item.name).1);
            if *item.result() != Ty::Query {
                put!(out, "impl Method for {name} {{");
                put!(out, "const NAME: &'static str = {:?};", item.name);
                put!(out, "type Answer = {};\n}}", self.rust(item.result()));
            }
        }
        modules.join("Functions")
    }

    /// `methods.rs`: the tables of names and ids.
    pub(crate) fn methods(&self) -> String {
        let mut out = String::new();
        let layers: Vec<String> = self.model.layers.iter().map(i32::to_string).collect();
        put!(out, "/// The layers whose schemas are known, in order.");
        put!(out, "pub const LAYERS: &[i32] = &[{}];", layers.join(", "));
        put!(out, "/// Every method, by name.\npub const METHODS: &[MethodInfo] = &[");
        let mut ids: Vec<(u32, usize)> = Vec::new();
        let mut changes = String::new();
        for (index, item) in self.model.functions.values().enumerate() {
            let mut forms = String::new();
            for layout in &item.layouts {
                ids.push((layout.id, index));
                for (first, last) in &layout.ranges {
                    let form =
                        format!("MethodId {{ id: {:#010x}, first: {first}, last: {last} }}, ", layout.id);
                    forms.push_str(&form);
                    if layout.result != *item.result() {
                        put!(
                            changes,
                            "ResultChange {{ method: {:?}, id: {:#010x}, first: {first}, last: {last}, \
                             result: \"{}\", newest: \"{}\" }},",
                            item.name,
                            layout.id,
                            layout.result,
                            item.result()
                        );
                    }
                }
            }
            let result = item.result();
            let result = if *result == Ty::Query { "X".to_owned() } else { result.to_string() };
            put!(
                out,
                "MethodInfo {{ name: {:?}, ids: &[{}], result: {result:?} }},",
                item.name,
                forms.trim_end_matches(", ")
            );
        }
        put!(out, "];");
        ids.sort_unstable();
        put!(out, "/// Ids of methods, sorted, with the place of the method in [`METHODS`].");
        put!(out, "pub(crate) const METHOD_IDS: &[(u32, u16)] = &[");
        for (id, index) in ids {
            put!(out, "({id:#010x}, {index}),");
        }
        put!(out, "];");
        put!(out, "/// Old forms of methods that give another type than the newest form does.");
        put!(out, "pub const RESULT_CHANGES: &[ResultChange] = &[\n{changes}];");
        out
    }

    /// `registry.rs`: decoders by name, for tests that walk the whole schema.
    pub(crate) fn registry(&self) -> String {
        let mut out = String::new();
        put!(out, "pub(super) const TYPES: &[(&str, DecodeAny)] = &[");
        for ty in self.model.types.values() {
            put!(out, "({:?}, any::<{}>),", ty.name, self.rust(&Ty::Named(ty.name.clone())));
        }
        put!(out, "];\npub(super) const FUNCTIONS: &[(&str, DecodeAny)] = &[");
        for item in self.model.functions.values() {
            let (namespace, name) = names::split(&item.name);
            let path = if namespace.is_empty() { String::new() } else { format!("{namespace}::") };
            put!(out, "({:?}, any::<crate::functions::{path}{}>),", item.name, names::pascal(name));
        }
        put!(out, "];");
        out
    }

    fn has_struct(&self, item: &Item) -> bool {
        let Ty::Named(ty) = item.result() else { return false };
        !item.fields.is_empty() || self.model.ty(ty).is_struct()
    }

    /// Whether the struct is read straight into a box, because its type's variant holds it so.
    fn is_boxed(&self, item: &Item) -> bool {
        match item.result() {
            Ty::Named(ty) if item.kind == Kind::Type => {
                !self.model.ty(ty).is_struct() && !self.model.is_small(item)
            }
            _ => false,
        }
    }

    fn struct_path(&self, item: &Item) -> String {
        let (namespace, name) = names::split(&item.name);
        let namespace = if namespace.is_empty() { String::new() } else { format!("{namespace}::") };
        format!("t::{namespace}{}", names::pascal(name))
    }

    /// The Rust type of a TL type.
    fn rust(&self, ty: &Ty) -> String {
        match ty {
            Ty::Flags => "u32".to_owned(),
            Ty::True | Ty::Bool => "bool".to_owned(),
            Ty::Int => "i32".to_owned(),
            Ty::Long => "i64".to_owned(),
            Ty::Double => "f64".to_owned(),
            Ty::Int128 => "[u8; 16]".to_owned(),
            Ty::Int256 => "[u8; 32]".to_owned(),
            Ty::String => "String".to_owned(),
            Ty::Bytes | Ty::Query => "Vec<u8>".to_owned(),
            Ty::Vector(inner) => format!("Vec<{}>", self.rust(inner)),
            Ty::Named(name) => match self.model.single(name) {
                Some(item) => self.struct_path(item),
                None => {
                    let (namespace, short) = names::split(name);
                    let namespace =
                        if namespace.is_empty() { String::new() } else { format!("{namespace}::") };
                    format!("e::{namespace}{}", names::pascal(short))
                }
            },
        }
    }

    fn field_type(&self, field: &Field) -> String {
        let mut ty = self.rust(&field.ty);
        if field.boxed {
            ty = format!("Box<{ty}>");
        }
        if field.optional { format!("Option<{ty}>") } else { ty }
    }

    /// The condition under which one of `ranges` holds, or `None` if it always does.
    fn condition(&self, ranges: &[Range]) -> Option<String> {
        let oldest = self.model.layers.first().copied().unwrap_or_default();
        let newest = self.model.newest_layer();
        let mut parts = Vec::new();
        for &(first, last) in ranges {
            parts.push(match (first <= oldest, last >= newest) {
                (true, true) => return None,
                (true, false) => format!("l <= {last}"),
                (false, true) => format!("l >= {first}"),
                (false, false) => format!("({first}..={last}).contains(&l)"),
            });
        }
        Some(parts.join(" || "))
    }

    fn item(&self, out: &mut String, item: &Item) {
        let name = names::pascal(names::split(&item.name).1);
        for layout in item.layouts.iter().rev() {
            let ranges: Vec<String> = layout.ranges.iter().map(|(a, b)| format!("{a}..{b}")).collect();
            put!(out, "/// `{}` @ {}\n///", layout.line, ranges.join(","));
        }
        put!(out, "#[derive(Clone, Default, PartialEq)]\npub struct {name} {{");
        for field in &item.fields {
            put!(out, "pub {}: {},", field.rust, self.field_type(field));
        }
        put!(out, "}}");
        put!(out, "impl Debug for {name} {{");
        put!(out, "#[inline] fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {{");
        put!(out, "f.write_str({:?})\n}}\n}}", item.name);
        self.item_decode(out, item, &name);
        self.item_encode(out, item, &name);
    }

    fn item_decode(&self, out: &mut String, item: &Item, name: &str) {
        let boxed = self.is_boxed(item);
        let result = if boxed { "R<Box<Self>>" } else { "R<Self>" };
        let function = item.kind == Kind::Function;
        let unknown = if function {
            "Err(DecodeError::UnknownMethod { id })".to_owned()
        } else {
            format!("Err(DecodeError::UnknownConstructor {{ id, expected: {:?} }})", item.name)
        };
        put!(out, "impl {name} {{");
        if function {
            put!(out, "/// Decodes the fields of any layer's form; `id` was read before.");
            put!(out, "pub fn decode_with_id(id: u32, r: &mut Reader<'_>) -> {result} {{");
        } else {
            put!(out, "pub(crate) fn read(id: u32, r: &mut Reader<'_>) -> {result} {{");
        }
        let upgrade = self.rules.upgrades.get(&item.name);
        if let Some(used) = upgrade {
            used.mark();
        }
        let newest = item.newest().id;
        let read = |layout: &Layout, call: String| match upgrade {
            Some(_) if layout.id != newest => format!(
                "{{ let mut v = {call}?; c::upgrade::{}(&mut v); Ok(v) }}",
                names::snake(&item.name.replace('.', "_"))
            ),
            _ => call,
        };
        match &item.layouts[..] {
            [layout] => {
                put!(out, "if id != {:#010x} {{ return {unknown}; }}", layout.id);
                self.read_body(out, item, layout, boxed);
                put!(out, "}}");
            }
            layouts => {
                put!(out, "match id {{");
                for layout in layouts.iter().rev() {
                    let call = read(layout, format!("Self::r_{:08x}(r)", layout.id));
                    put!(out, "{:#010x} => {call},", layout.id);
                }
                put!(out, "_ => {unknown},\n}}\n}}");
                for layout in layouts {
                    put!(out, "fn r_{:08x}(r: &mut Reader<'_>) -> {result} {{", layout.id);
                    self.read_body(out, item, layout, boxed);
                    put!(out, "}}");
                }
            }
        }
        put!(out, "}}");
        let recursive = match item.result() {
            Ty::Named(ty) => !function && self.model.ty(ty).is_struct() && self.model.ty(ty).recursive,
            _ => false,
        };
        let read = if function { "decode_with_id" } else { "read" };
        let value = format!("Self::{read}(id, r)");
        let value = if boxed { format!("Ok(*{value}?)") } else { value };
        put!(out, "impl Decode for {name} {{ fn decode(r: &mut Reader<'_>) -> R<Self> {{");
        put!(out, "let id = r.u32()?;");
        if recursive {
            put!(out, "r.enter()?;\nlet v = {value};\nr.leave();\nv");
        } else {
            put!(out, "{value}");
        }
        put!(out, "}} }}");
    }

    fn read_body(&self, out: &mut String, item: &Item, layout: &Layout, boxed: bool) {
        let mut filled = BTreeSet::new();
        let mut literal = String::new();
        for slot in &layout.slots {
            let Some(index) = slot.field else {
                let used = layout.slots.iter().any(|s| s.flag.as_ref().is_some_and(|f| f.word == slot.word));
                if used {
                    put!(out, "let {} = r.u32()?;", slot.word);
                } else {
                    put!(out, "r.u32()?;");
                }
                continue;
            };
            let field = &item.fields[index];
            filled.insert(index);
            let test = slot.flag.as_ref().map(|f| format!("{} & {:#x} != 0", f.word, 1u32 << f.bit));
            if slot.ty == Ty::True {
                let test = test.unwrap_or_else(|| "true".to_owned());
                literal.push_str(&format!("{}: {test}, ", field.rust));
                continue;
            }
            let mut value = match slot.ty {
                Ty::Int => "r.i32()?".to_owned(),
                Ty::Long => "r.i64()?".to_owned(),
                Ty::Double => "r.f64()?".to_owned(),
                Ty::Bool => "r.bool()?".to_owned(),
                Ty::String => "r.string()?".to_owned(),
                Ty::Bytes => "r.bytes()?.to_vec()".to_owned(),
                Ty::Int128 => "r.int128()?".to_owned(),
                Ty::Int256 => "r.int256()?".to_owned(),
                Ty::Query => "r.rest().to_vec()".to_owned(),
                _ => "Decode::decode(r)?".to_owned(),
            };
            if let Conversion::Module(module) = &slot.conversion {
                value = format!("c::{module}::up({value})");
            }
            let value = match (test, field.optional) {
                (Some(test), true) => format!("if {test} {{ Some({value}) }} else {{ None }}"),
                (Some(test), false) => format!("if {test} {{ {value} }} else {{ Default::default() }}"),
                (None, true) => format!("Some({value})"),
                (None, false) => value,
            };
            put!(out, "let {} = {value};", field.rust);
            literal.push_str(&format!("{}, ", field.rust));
        }
        for (index, field) in item.fields.iter().enumerate() {
            if !filled.contains(&index) {
                let value = match (&field.ty, field.optional) {
                    (_, true) => "None",
                    (Ty::True | Ty::Bool, _) => "false",
                    (Ty::Int | Ty::Long, _) => "0",
                    (Ty::Vector(_) | Ty::Bytes, _) => "Vec::new()",
                    (Ty::String, _) => "String::new()",
                    _ => "Default::default()",
                };
                literal.push_str(&format!("{}: {value}, ", field.rust));
            }
        }
        let literal = format!("Self {{ {literal}}}");
        if layout.slots.is_empty() {
            put!(out, "let _ = r;");
        }
        put!(out, "Ok({})", if boxed { format!("Box::new({literal})") } else { literal });
    }

    fn item_encode(&self, out: &mut String, item: &Item, name: &str) {
        let downgrade = self.rules.downgrades.get(&item.name);
        if let Some((_, used)) = downgrade {
            used.mark();
        }
        let mut separate = String::new();
        let mut body = String::new();
        let mut conditional = false;
        let mut total = false;
        for layout in item.layouts.iter().rev() {
            let mut write = String::new();
            self.write_body(&mut write, item, layout);
            let call = if item.layouts.len() == 1 && downgrade.is_none() {
                write
            } else {
                put!(separate, "fn w_{:08x}(&self, w: &mut Writer) -> E {{\n{write}}}", layout.id);
                format!("self.w_{:08x}(w)\n", layout.id)
            };
            match self.condition(&layout.ranges) {
                Some(condition) => {
                    conditional = true;
                    put!(body, "if {condition} {{ return {{\n{call}}}; }}");
                }
                None => {
                    body.push_str(&call);
                    total = true;
                    break;
                }
            }
        }
        if !total {
            put!(body, "Err(Inexpressible)");
        }
        if conditional {
            body = format!("let l = w.layer();\n{body}");
        }
        if let Some((layer, _)) = downgrade {
            put!(separate, "fn write(&self, w: &mut Writer) -> E {{\n{body}}}");
            body = format!(
                "if w.layer() < {layer} && let Some(v) = c::downgrade::{}(self, w.layer()) {{\n\
                 return v.write(w);\n}}\nself.write(w)\n",
                names::snake(&item.name.replace('.', "_"))
            );
        }
        if !separate.is_empty() {
            put!(out, "impl {name} {{\n{separate}}}");
        }
        put!(out, "impl Encode for {name} {{ fn encode(&self, w: &mut Writer) -> E {{\n{body}}} }}");
    }

    fn write_body(&self, out: &mut String, item: &Item, layout: &Layout) {
        if layout.slots.iter().any(|slot| slot.only.is_some()) {
            put!(out, "let l = w.layer();");
        }
        put!(out, "w.u32({:#010x});", layout.id);
        let mut groups: BTreeMap<(&str, u8), String> = BTreeMap::new();
        for slot in &layout.slots {
            match slot.field {
                None => self.write_flags(out, item, layout, &slot.word, &mut groups),
                Some(_) if slot.ty == Ty::True => (),
                Some(index) => self.write_slot(out, slot, &item.fields[index], &groups),
            }
        }
        put!(out, "Ok(())");
    }

    /// Writes a flags word and notes the bits whose fields come or go together.
    fn write_flags<'l>(
        &self,
        out: &mut String,
        item: &Item,
        layout: &'l Layout,
        word: &'l str,
        groups: &mut BTreeMap<(&'l str, u8), String>,
    ) {
        let mut bits: BTreeMap<u8, Bit<'_>> = BTreeMap::new();
        for slot in &layout.slots {
            if let (Some(index), Some(flag)) = (slot.field, &slot.flag)
                && flag.word == word
            {
                let (trues, values) = bits.entry(flag.bit).or_default();
                if slot.ty == Ty::True {
                    let me = format!("self.{}", item.fields[index].rust);
                    trues.push(match slot.only.as_ref().and_then(|ranges| self.condition(ranges)) {
                        Some(condition) => format!("({me} && ({condition}))"),
                        None => me,
                    });
                } else {
                    values.push((slot, &item.fields[index]));
                }
            }
        }
        let mut terms = Vec::new();
        let mut patched = false;
        for (bit, (trues, values)) in bits {
            let any = trues.join(" | ");
            let zero = !any.is_empty() && values.iter().all(|(slot, field)| has_zero(slot, field));
            let present = match &values[..] {
                [] => any,
                [(slot, _)] if slot.conversion == Conversion::BoolToFlag => {
                    terms.push(format!("{:#x}", 1u32 << bit));
                    continue;
                }
                [(slot, field)] if !zero => {
                    if is_fallible(slot) {
                        patched = true;
                        continue;
                    }
                    format!("self.{}.is_some()", field.rust)
                }
                _ => {
                    let all: Vec<String> =
                        values.iter().map(|(_, field)| format!("self.{}.is_some()", field.rust)).collect();
                    let mut all = all.join(" && ");
                    if zero {
                        all = format!("{any} | ({all})");
                    }
                    let group = format!("g_{word}_{bit}");
                    put!(out, "let {group} = {all};");
                    for (slot, field) in values.iter().filter(|(slot, _)| is_fallible(slot)) {
                        let fits = match &slot.conversion {
                            Conversion::Module(module) => {
                                format!("c::{module}::down(v).is_ok_and(|v| w.fits(&v))")
                            }
                            _ => "w.fits(v)".to_owned(),
                        };
                        put!(
                            out,
                            "let {group} = {group} && match &self.{} {{ Some(v) => {fits}, None => false }};",
                            field.rust
                        );
                    }
                    groups.insert((word, bit), group.clone());
                    group
                }
            };
            let present = if present.contains(' ') && !present.starts_with('(') {
                format!("({present})")
            } else {
                present
            };
            terms.push(match bit {
                0 => format!("{present} as u32"),
                _ => format!("({present} as u32) << {bit}"),
            });
        }
        let terms = if terms.is_empty() { "0".to_owned() } else { terms.join(" | ") };
        if patched {
            put!(out, "let f_{word} = w.flags({terms});");
        } else {
            put!(out, "w.u32({terms});");
        }
    }

    fn write_slot(
        &self,
        out: &mut String,
        slot: &Slot,
        field: &Field,
        groups: &BTreeMap<(&str, u8), String>,
    ) {
        let me = format!("self.{}", field.rust);
        let Some(flag) = &slot.flag else {
            return self.write_required(out, slot, field, &me);
        };
        if slot.conversion == Conversion::BoolToFlag {
            put!(out, "w.bool({me});");
        } else if let Some(group) = groups.get(&(flag.word.as_str(), flag.bit)) {
            put!(out, "if {group} {{");
            self.write_required(out, slot, field, &me);
            put!(out, "}}");
        } else if let Conversion::Module(module) = &slot.conversion {
            put!(out, "if let Some(v) = &{me} && let Ok(v) = c::{module}::down(v) {{");
            put!(out, "w.optional(f_{}, {}, &v);\n}}", flag.word, flag.bit);
        } else if is_fallible(slot) {
            put!(out, "if let Some(v) = &{me} {{ w.optional(f_{}, {}, v); }}", flag.word, flag.bit);
        } else {
            put!(out, "if let Some(v) = &{me} {{ {} }}", plain(&slot.ty, "*v", "v"));
        }
    }

    /// A value where the layout wants one, whether the field is an `Option` or not.
    fn write_required(&self, out: &mut String, slot: &Slot, field: &Field, me: &str) {
        match (&slot.conversion, field.optional) {
            (Conversion::BoolToFlag, _) => put!(out, "w.bool({me});"),
            (Conversion::Same, false) => match slot.ty {
                Ty::Named(_) => put!(out, "{me}.encode(w)?;"),
                _ => put!(out, "{}", plain(&slot.ty, me, &format!("&{me}"))),
            },
            (Conversion::Same, true) => match &slot.ty {
                Ty::Int | Ty::Long | Ty::Double | Ty::Bool => {
                    let value = format!("{me}.unwrap_or_default()");
                    put!(out, "{}", plain(&slot.ty, &value, &value));
                }
                Ty::Int128 | Ty::Int256 => {
                    put!(out, "w.raw(&{me}.unwrap_or_default());");
                }
                Ty::Named(name) => {
                    let empty = self.empty(name);
                    put!(out, "match &{me} {{ Some(v) => v.encode(w)?, None => {empty} }}");
                }
                _ => {
                    let value = format!("{me}.as_deref().unwrap_or_default()");
                    put!(out, "{}", plain(&slot.ty, &value, &value));
                }
            },
            (Conversion::Module(module), false) => {
                put!(out, "c::{module}::down(&{me})?.encode(w)?;");
            }
            (Conversion::Module(module), true) => {
                let empty = match &slot.ty {
                    Ty::Named(name) => self.empty(name),
                    ty => format!("<{}>::default().encode(w)?", self.rust(ty)),
                };
                put!(out, "match &{me} {{ Some(v) => c::{module}::down(v)?.encode(w)?, None => {empty} }}");
            }
        }
    }

    /// Writes what stands for "none" of a type, if it has such a constructor.
    fn empty(&self, ty: &str) -> String {
        match self.rules.empties.get(ty) {
            Some((constructor, used)) => {
                used.mark();
                let path = self.rust(&Ty::Named(ty.to_owned()));
                format!("{path}::{}.encode(w)?", names::variant(constructor, ty))
            }
            None => "return Err(Inexpressible)".to_owned(),
        }
    }

    /// How deep the shortest value of each type is; picks defaults that end.
    fn depths(&self) -> BTreeMap<String, u32> {
        let mut depths: BTreeMap<String, u32> = BTreeMap::new();
        loop {
            let before = depths.clone();
            for ty in self.model.types.values() {
                let depth = ty.constructors.iter().filter_map(|name| self.depth(name, &depths)).min();
                if let Some(depth) = depth {
                    depths.insert(ty.name.clone(), depth);
                }
            }
            if depths == before {
                return depths;
            }
        }
    }

    fn depth(&self, constructor: &str, depths: &BTreeMap<String, u32>) -> Option<u32> {
        let mut depth = 0;
        for field in &self.model.constructors[constructor].fields {
            if let (Ty::Named(name), false) = (&field.ty, field.optional) {
                depth = depth.max(1 + depths.get(name)?);
            }
        }
        Some(depth)
    }
}

/// Writes a value that always has a form; `place` is the value, `reference` a reference to it.
fn plain(ty: &Ty, place: &str, reference: &str) -> String {
    match ty {
        Ty::Int => format!("w.i32({place});"),
        Ty::Long => format!("w.i64({place});"),
        Ty::Double => format!("w.f64({place});"),
        Ty::Bool | Ty::True => format!("w.bool({place});"),
        Ty::Int128 | Ty::Int256 | Ty::Query => format!("w.raw({reference});"),
        Ty::String => format!("w.string({reference});"),
        Ty::Bytes => format!("w.bytes({reference});"),
        Ty::Vector(inner) => match **inner {
            Ty::Int => format!("w.ints({reference});"),
            Ty::Long => format!("w.longs({reference});"),
            _ => format!("w.vector_of({reference});"),
        },
        Ty::Named(_) | Ty::Flags => unreachable!("has a form of its own"),
    }
}

/// Whether a field can turn out to have no form in the layer.
fn is_fallible(slot: &Slot) -> bool {
    matches!(slot.ty, Ty::Named(_)) || matches!(slot.conversion, Conversion::Module(_))
}

/// Whether "none" can be written as a zero where the layout wants a value.
fn has_zero(slot: &Slot, field: &Field) -> bool {
    field.optional && !is_fallible(slot)
}
