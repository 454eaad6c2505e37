//! One shape per constructor and per type, out of all their layouts.

use std::collections::{BTreeMap, BTreeSet};

use crate::names;
use crate::rules::{Fallback, Rules};
use crate::schema::{Definition, Flag, Kind, Range, Schema, SchemaError, Ty};

macro_rules! fail {
    ($($arg:tt)*) => { return Err(SchemaError(format!($($arg)*))) };
}

/// A field of the Rust struct: the union over all layouts.
#[derive(Debug)]
pub(crate) struct Field {
    /// As in TL, after renames.
    pub(crate) tl: String,
    pub(crate) rust: String,
    pub(crate) ty: Ty,
    /// `Option` in Rust. Never set for `true` flags, which are `bool`.
    pub(crate) optional: bool,
    /// The struct would contain itself otherwise.
    pub(crate) boxed: bool,
}

/// How a wire type becomes the field's type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Conversion {
    Same,
    /// `Bool` where the field is a `true` flag.
    BoolToFlag,
    Module(String),
}

/// A field of one layout.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) ty: Ty,
    pub(crate) flag: Option<Flag>,
    /// The field of the struct; `None` for a flags word.
    pub(crate) field: Option<usize>,
    pub(crate) conversion: Conversion,
    /// The name of a flags word.
    pub(crate) word: String,
    /// Of a `true` flag that not all layers of the layout name: those that do.
    pub(crate) only: Option<Vec<Range>>,
}

#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) id: u32,
    pub(crate) ranges: Vec<Range>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) result: Ty,
    pub(crate) line: String,
}

/// A constructor or a function with all its layouts, the oldest first.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) layouts: Vec<Layout>,
}

impl Item {
    pub(crate) fn newest(&self) -> &Layout {
        self.layouts.last().expect("an item has a layout")
    }

    /// The TL type it constructs, or what the function gives in its newest form.
    pub(crate) fn result(&self) -> &Ty {
        &self.newest().result
    }
}

/// A TL type.
#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) name: String,
    /// Names of its constructors, over all layers.
    pub(crate) constructors: Vec<String>,
    /// Values of it may stand inside each other.
    pub(crate) recursive: bool,
}

impl Type {
    /// A type with one constructor in all layers is that struct.
    pub(crate) fn is_struct(&self) -> bool {
        self.constructors.len() == 1
    }
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) constructors: BTreeMap<String, Item>,
    pub(crate) functions: BTreeMap<String, Item>,
    pub(crate) types: BTreeMap<String, Type>,
    pub(crate) layers: BTreeSet<i32>,
}

impl Model {
    pub(crate) fn new(schema: &Schema, rules: &Rules) -> Result<Self, SchemaError> {
        let mut by_name: BTreeMap<(Kind, &str), Vec<&Definition>> = BTreeMap::new();
        for definition in schema.definitions.values() {
            by_name.entry((definition.kind, &definition.name)).or_default().push(definition);
        }
        let (mut constructors, mut functions) = (BTreeMap::new(), BTreeMap::new());
        for ((kind, name), mut definitions) in by_name {
            definitions.sort_by_key(|d| (d.layers.last().copied(), d.layers.first().copied()));
            let item = item(schema, rules, &definitions)?;
            match kind {
                Kind::Type => constructors.insert(name.to_owned(), item),
                Kind::Function => functions.insert(name.to_owned(), item),
            };
        }
        let mut types: BTreeMap<String, Type> = BTreeMap::new();
        for (name, item) in &constructors {
            let Ty::Named(ty) = item.result() else { fail!("{name} constructs no type") };
            if let Some(other) = item.layouts.iter().find(|layout| layout.result != *item.result()) {
                fail!("{name} moved from the type {} to {ty}", other.result);
            }
            let entry = types.entry(ty.clone()).or_insert_with(|| Type {
                name: ty.clone(),
                constructors: Vec::new(),
                recursive: false,
            });
            entry.constructors.push(name.clone());
        }
        let mut model = Self { constructors, functions, types, layers: schema.layers.clone() };
        model.check_types()?;
        model.mark_recursion();
        Ok(model)
    }

    pub(crate) fn newest_layer(&self) -> i32 {
        self.layers.last().copied().unwrap_or_default()
    }

    pub(crate) fn ty(&self, name: &str) -> &Type {
        self.types.get(name).expect("check_types has seen every name")
    }

    /// The one constructor of a type that is a struct.
    pub(crate) fn single(&self, ty: &str) -> Option<&Item> {
        match &self.ty(ty).constructors[..] {
            [one] => self.constructors.get(one),
            _ => None,
        }
    }

    fn check_types(&self) -> Result<(), SchemaError> {
        for item in self.constructors.values().chain(self.functions.values()) {
            for layout in &item.layouts {
                let named = layout.slots.iter().filter_map(|slot| slot.ty.named());
                for name in named.chain(layout.result.named()) {
                    if !self.types.contains_key(name) {
                        fail!("{} speaks of {name}, which has no constructor", item.name);
                    }
                }
            }
        }
        Ok(())
    }

    fn mark_recursion(&mut self) {
        let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for ty in self.types.values() {
            let fields = ty.constructors.iter().flat_map(|name| &self.constructors[name].fields);
            uses.insert(&ty.name, fields.filter_map(|field| field.ty.named()).collect());
        }
        let mut recursive = Vec::new();
        for name in self.types.keys() {
            let mut seen = BTreeSet::new();
            let mut stack: Vec<&str> = uses[name.as_str()].iter().copied().collect();
            while let Some(next) = stack.pop() {
                if seen.insert(next) {
                    stack.extend(&uses[next]);
                }
            }
            if seen.contains(name.as_str()) {
                recursive.push(name.clone());
            }
        }
        // Only structs are held by value; a struct that can reach itself through structs is boxed
        // where it is a field of another one of the circle.
        let mut boxed: Vec<(String, usize)> = Vec::new();
        for (name, item) in self.constructors.iter().chain(&self.functions) {
            for (index, field) in item.fields.iter().enumerate() {
                if let Ty::Named(ty) = &field.ty
                    && self.holds_itself(ty, &mut BTreeSet::new(), ty)
                {
                    boxed.push((name.clone(), index));
                }
            }
        }
        for (name, index) in boxed {
            if let Some(item) = self.constructors.get_mut(&name) {
                item.fields[index].boxed = true;
            }
        }
        for name in recursive {
            if let Some(ty) = self.types.get_mut(&name) {
                ty.recursive = true;
            }
        }
    }

    /// Whether a value of struct type `at` holds one of `target` without a vector or an enum between.
    fn holds_itself(&self, at: &str, seen: &mut BTreeSet<String>, target: &str) -> bool {
        let Some(item) = self.single(at) else { return false };
        seen.insert(at.to_owned());
        item.fields.iter().any(|field| match &field.ty {
            Ty::Named(ty) => ty == target || (!seen.contains(ty) && self.holds_itself(ty, seen, target)),
            _ => false,
        })
    }

    /// Bytes that a field of this type takes in Rust, about.
    pub(crate) fn size(&self, ty: &Ty, optional: bool) -> usize {
        let (plain, niche) = match ty {
            Ty::True | Ty::Bool => (1, true),
            Ty::Int => (4, false),
            Ty::Long | Ty::Double => (8, false),
            Ty::Int128 => (16, false),
            Ty::Int256 => (32, false),
            Ty::String | Ty::Bytes | Ty::Vector(_) | Ty::Query => (24, true),
            Ty::Flags => (0, true),
            Ty::Named(name) => match self.single(name) {
                Some(item) => (self.struct_size(item), true),
                None => (32, true),
            },
        };
        if optional && !niche { plain + plain.min(8) } else { plain }
    }

    pub(crate) fn struct_size(&self, item: &Item) -> usize {
        item.fields.iter().map(|f| if f.boxed { 8 } else { self.size(&f.ty, f.optional) }).sum()
    }

    /// Whether a variant holds its struct directly: numbers and a string or so.
    pub(crate) fn is_small(&self, item: &Item) -> bool {
        self.struct_size(item) <= 24 && item.fields.iter().all(|f| f.ty.named().is_none())
    }

    pub(crate) fn fallback_is_known(&self, ty: &str, fallback: &Fallback) -> Result<(), SchemaError> {
        if let Fallback::Constructor(name) = fallback {
            match self.constructors.get(name) {
                Some(item) if item.fields.is_empty() && *item.result() == Ty::Named(ty.to_owned()) => (),
                _ => fail!("the fallback {name} is not a constructor of {ty} without fields"),
            }
        }
        Ok(())
    }
}

/// Unites the layouts of one name; the last one is the newest.
fn item(schema: &Schema, rules: &Rules, definitions: &[&Definition]) -> Result<Item, SchemaError> {
    let newest = definitions.last().expect("a name has a definition");
    // What each layout calls each field, after renames: (layout, index in it) -> name.
    let mut fields: Vec<Field> = Vec::new();
    for (age, definition) in definitions.iter().rev().enumerate() {
        for field in definition.fields.iter().filter(|field| field.ty != Ty::Flags) {
            let renamed = rules.renamed(&definition.name, &field.name, &field.ty);
            let name = renamed.map_or(&field.name, |rename| &rename.to);
            let optional = field.flag.is_some() && field.ty != Ty::True;
            match fields.iter_mut().find(|known| known.tl == *name) {
                Some(known) => known.optional |= optional && known.ty != Ty::True,
                None => fields.push(Field {
                    tl: name.clone(),
                    rust: names::field(name),
                    ty: field.ty.clone(),
                    // A field that the newest form lacks may have no value.
                    optional: (optional || age > 0) && field.ty != Ty::True,
                    boxed: false,
                }),
            }
        }
    }
    let mut layouts = Vec::new();
    for definition in definitions {
        let mut slots = Vec::new();
        for field in &definition.fields {
            slots.push(slot(schema, rules, definition, field, &fields)?);
        }
        layouts.push(Layout {
            id: definition.id,
            ranges: schema.ranges(&definition.layers),
            slots,
            result: definition.result.clone(),
            line: definition.to_string(),
        });
    }
    Ok(Item { kind: newest.kind, name: newest.name.clone(), fields, layouts })
}

fn slot(
    schema: &Schema,
    rules: &Rules,
    definition: &Definition,
    field: &crate::schema::Field,
    fields: &[Field],
) -> Result<Slot, SchemaError> {
    let mut slot = Slot {
        ty: field.ty.clone(),
        flag: field.flag.clone(),
        field: None,
        conversion: Conversion::Same,
        word: field.name.clone(),
        only: (field.ty == Ty::True && field.layers != definition.layers)
            .then(|| schema.ranges(&field.layers)),
    };
    if field.ty == Ty::Flags {
        return Ok(slot);
    }
    let renamed = rules.renamed(&definition.name, &field.name, &field.ty);
    let name = renamed.map_or(&field.name, |rename| &rename.to);
    let index = fields.iter().position(|known| known.tl == *name).expect("item() made every field");
    let into = &fields[index].ty;
    slot.field = Some(index);
    slot.conversion = if let Some(module) = renamed.and_then(|rename| rename.via.as_ref()) {
        Conversion::Module(module.clone())
    } else if field.ty == *into {
        Conversion::Same
    } else if (&field.ty, into) == (&Ty::Bool, &Ty::True) {
        Conversion::BoolToFlag
    } else if let Some(module) = rules.conversion(&field.ty, into) {
        Conversion::Module(module.to_owned())
    } else {
        fail!(
            "{}.{} is {} in the layout {:08x} and {into} in the newest: rules.txt needs \
             `convert {} -> {into} : <module>`, or a rename",
            definition.name,
            field.name,
            field.ty,
            definition.id,
            field.ty
        );
    };
    Ok(slot)
}
