//! What the tests of the wire types share: values made from the schema alone, and a walk over bytes
//! by the schema alone. Neither knows the generated code, so that they can prove it.

mod generate;
mod random;
mod walk;

use std::collections::BTreeMap;

pub use generate::Generator;
pub use random::Random;
use tl_gen::schema::{Definition, Kind, Schema, Ty};
pub use walk::{WalkError, walk};

/// The merged schema of the repository.
pub fn schema() -> Schema {
    Schema::parse(include_str!("../../../schema/api.tl")).expect("schema/api.tl is well-formed")
}

/// The definitions of one layer.
pub struct Layer {
    pub layer: i32,
    pub by_id: BTreeMap<u32, Definition>,
    /// Ids of the constructors of each type.
    pub types: BTreeMap<String, Vec<u32>>,
}

impl Layer {
    pub fn new(schema: &Schema, layer: i32) -> Self {
        let mut by_id = BTreeMap::new();
        let mut types: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for definition in schema.definitions.values().filter(|d| d.layers.contains(&layer)) {
            if let (Kind::Type, Ty::Named(name)) = (definition.kind, &definition.result) {
                types.entry(name.clone()).or_default().push(definition.id);
            }
            by_id.insert(definition.id, definition.in_layer(layer));
        }
        Self { layer, by_id, types }
    }

    pub fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.by_id.values()
    }
}

/// Whether a definition holds another query, which the generated types keep as bytes.
pub fn is_wrapper(definition: &Definition) -> bool {
    definition.fields.iter().any(|field| field.ty == Ty::Query)
}
