//! Every definition of every layer, there and back, and down to every older layer.

use std::collections::BTreeMap;

use tl::{DecodeError, Encode, Reader};
use tl_api::registry::{DecodeAny, FUNCTIONS, TYPES};
use tl_gen::schema::{Definition, Kind, Ty};
use tl_proof::{Generator, Layer, Random, is_wrapper, schema, walk};

/// Random values per definition and layer.
const ROUNDS: usize = 3;

/// What an old form cannot give back byte for byte: until layer 158 one Bool of it could be missing,
/// which says no more than false.
const LOSSY: [&str; 2] = ["globalPrivacySettings", "account.setGlobalPrivacySettings"];
const LOSSY_LAST: i32 = 158;

fn decoders() -> (BTreeMap<&'static str, DecodeAny>, BTreeMap<&'static str, DecodeAny>) {
    (TYPES.iter().copied().collect(), FUNCTIONS.iter().copied().collect())
}

fn decode(decode: DecodeAny, bytes: &[u8]) -> Result<Box<dyn Encode>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = decode(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

fn is_lossy(definition: &Definition, layer: i32) -> bool {
    layer <= LOSSY_LAST && LOSSY.contains(&definition.name.as_str())
}

#[test]
fn every_definition_of_every_layer_comes_back_byte_for_byte() {
    let schema = schema();
    let (types, functions) = decoders();
    let random = Random::announced(1);
    let mut checked = 0;
    let mut failures = Vec::new();
    for &number in &schema.layers {
        let layer = Layer::new(&schema, number);
        let mut generator = Generator::new(&layer, random.clone());
        for definition in layer.definitions() {
            let by_name = match (definition.kind, &definition.result) {
                (Kind::Function, _) => functions[definition.name.as_str()],
                (Kind::Type, Ty::Named(ty)) => types[ty.as_str()],
                (Kind::Type, other) => panic!("{} constructs {other}", definition.name),
            };
            for round in 0..ROUNDS {
                generator.full = round == 0;
                let bytes = generator.definition(definition);
                let back = decode(by_name, &bytes).map(|value| value.to_bytes(number));
                checked += 1;
                if back != Ok(Ok(bytes)) && !is_lossy(definition, number) {
                    failures.push(format!("{} at {number}, round {round}", definition.name));
                    break;
                }
            }
        }
    }
    println!("{checked} values");
    assert!(failures.is_empty(), "{} differ: {failures:#?}", failures.len());
}

#[test]
fn no_layer_is_sent_what_it_does_not_have() {
    let schema = schema();
    let (types, _) = decoders();
    let newest = Layer::new(&schema, schema.newest());
    let older: Vec<Layer> = schema.layers.iter().map(|&layer| Layer::new(&schema, layer)).collect();
    let mut generator = Generator::new(&newest, Random::announced(2));
    let (mut written, mut inexpressible) = (0, 0);
    let mut failures = Vec::new();
    for definition in newest.definitions().filter(|d| d.kind == Kind::Type) {
        let Ty::Named(ty) = &definition.result else { continue };
        for round in 0..20 {
            generator.full = round == 0;
            let bytes = generator.definition(definition);
            let value = decode(types[ty.as_str()], &bytes).expect("the newest layer decodes");
            for layer in &older {
                match value.to_bytes(layer.layer) {
                    Ok(bytes) => {
                        written += 1;
                        if let Err(error) = walk(layer, &definition.result, &bytes) {
                            failures.push(format!("{} at {}: {error:?}", definition.name, layer.layer));
                        }
                    }
                    Err(tl::Inexpressible) => inexpressible += 1,
                }
            }
        }
    }
    println!("{written} written, {inexpressible} inexpressible");
    assert!(failures.is_empty(), "{} fail: {failures:#?}", failures.len());
    assert!(written > inexpressible * 4, "{written} written, {inexpressible} inexpressible");
}

#[test]
fn wrappers_keep_the_query_as_it_came() {
    let schema = schema();
    let (_, functions) = decoders();
    let layer = Layer::new(&schema, schema.newest());
    let mut generator = Generator::new(&layer, Random::announced(3));
    let wrappers: Vec<&Definition> = layer.definitions().filter(|d| is_wrapper(d)).collect();
    assert!(wrappers.len() >= 6, "{}", wrappers.len());
    for definition in wrappers {
        let mut bytes = generator.definition(definition);
        bytes.extend(b"any bytes at all, not even TL");
        let value = decode(functions[definition.name.as_str()], &bytes).expect("decodes");
        assert_eq!(value.to_bytes(layer.layer), Ok(bytes), "{}", definition.name);
    }
}
