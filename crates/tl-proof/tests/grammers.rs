//! Values of layer 230 read and written by grammers-tl-types, then by us: the same bytes throughout.

use std::collections::BTreeMap;

use grammers_tl_types::{Deserializable, Serializable};
use tl::Reader;
use tl_api::registry;
use tl_gen::schema::{Kind, Ty};
use tl_proof::{Generator, Layer, Random, is_wrapper, schema};

const LAYER: i32 = 230;
const ROUNDS: usize = 3;

/// Decodes and encodes again.
type Rewrite = fn(&[u8]) -> Option<Vec<u8>>;

fn boxed<T: Deserializable + Serializable>(bytes: &[u8]) -> Option<Vec<u8>> {
    T::from_bytes(bytes).ok().map(|value| value.to_bytes())
}

/// Functions are read without their id, but written with it.
fn query<T: Deserializable + Serializable>(bytes: &[u8]) -> Option<Vec<u8>> {
    T::from_bytes(&bytes[4..]).ok().map(|value| value.to_bytes())
}

include!(concat!(env!("OUT_DIR"), "/grammers.rs"));

#[test]
fn grammers_writes_the_same_bytes() {
    let schema = schema();
    let layer = Layer::new(&schema, LAYER);
    let theirs: BTreeMap<_, _> = TYPES.iter().chain(FUNCTIONS).copied().collect();
    let ours: BTreeMap<_, _> = registry::TYPES.iter().chain(registry::FUNCTIONS).copied().collect();
    let mut generator = Generator::new(&layer, Random::announced(4));
    let mut checked = 0;
    for definition in layer.definitions().filter(|definition| !is_wrapper(definition)) {
        let name = match (definition.kind, &definition.result) {
            (Kind::Type, Ty::Named(ty)) => ty.as_str(),
            _ => definition.name.as_str(),
        };
        for round in 0..ROUNDS {
            generator.full = round == 0;
            let bytes = generator.definition(definition);
            let at = format!("{} round {round}", definition.name);
            assert_eq!(theirs[name](&bytes).as_deref(), Some(&bytes[..]), "grammers: {at}");
            let value = ours[name](&mut Reader::new(&bytes)).expect("decodes");
            assert_eq!(value.to_bytes(LAYER), Ok(bytes), "ours: {at}");
            checked += 1;
        }
    }
    println!("{checked} values");
    assert!(checked > 2500 * ROUNDS, "{checked}");
}
