//! Every decoder of the API's types and functions, of every layer.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use peak_alloc::PeakAlloc;
use tl::{Encode, Inexpressible, Reader};
use tl_api::registry::{DecodeAny, FUNCTIONS, TYPES};
use tl_gen::schema::{Kind, Ty};
use tl_proof::{Generator, Layer, Random, is_wrapper, schema, walk};

use super::numbered;
use crate::MEMORY;
use crate::input::Input;

/// A value in memory may be this many times its bytes: structs have room for every optional field.
const GROWTH_MAX: usize = 100;
const SLACK: usize = 4096;

struct Known {
    name: String,
    result: Ty,
    kind: Kind,
    /// The rest of the query is kept as it came.
    wrapper: bool,
    decode: DecodeAny,
}

struct Tables {
    layers: Vec<Layer>,
    by_id: HashMap<u32, Known>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let schema = schema();
        let types: BTreeMap<_, _> = TYPES.iter().copied().collect();
        let functions: BTreeMap<_, _> = FUNCTIONS.iter().copied().collect();
        let known = schema.definitions.values().map(|definition| {
            let (name, decode) = match (definition.kind, &definition.result) {
                (Kind::Type, Ty::Named(ty)) => (ty.as_str(), types[ty.as_str()]),
                _ => (definition.name.as_str(), functions[definition.name.as_str()]),
            };
            let known = Known {
                name: name.to_owned(),
                result: definition.result.clone(),
                kind: definition.kind,
                wrapper: is_wrapper(definition),
                decode,
            };
            (definition.id, known)
        });
        let by_id = known.collect();
        let layers = schema.layers.iter().map(|&layer| Layer::new(&schema, layer)).collect();
        Tables { layers, by_id }
    })
}

thread_local! {
    static GENERATORS: RefCell<Vec<Generator<'static>>> = const { RefCell::new(Vec::new()) };
}

pub fn warm() {
    GENERATORS.with_borrow_mut(|generators| {
        if generators.is_empty() {
            *generators = tables().layers.iter().map(|layer| Generator::new(layer, Random::new(0))).collect();
        }
    });
}

/// Two bytes pick the layer to answer in, the next four are the id of a constructor or function.
pub fn bytes(data: &[u8]) {
    let mut input = Input(data);
    let layer = usize::from(input.u16());
    check(input.rest(), layer);
}

/// Two bytes pick a layer, the next ones a definition of it; a good value of it is made, then spoilt.
pub fn values(data: &[u8]) {
    let mut input = Input(data);
    let (layer, which, how, seed) = (usize::from(input.u16()), input.u16(), input.u8(), input.u16());
    let other = usize::from(input.u8());
    let mut value = GENERATORS.with_borrow_mut(|generators| {
        let at = layer % generators.len();
        let layer = &tables().layers[at];
        let generator = &mut generators[at];
        generator.random = Random::new(seed.into());
        generator.full = how & 3 == 1;
        generator.least = how & 3 == 2;
        let definitions = layer.by_id.len();
        let definition = layer.definitions().nth(usize::from(which) % definitions).expect("a definition");
        generator.definition(definition)
    });
    while !input.is_empty() {
        input.spoil(&mut value);
    }
    check(&value, other);
}

fn check(bytes: &[u8], layer: usize) {
    let tables = tables();
    let layer = &tables.layers[layer % tables.layers.len()];
    let Some(known) = Reader::new(bytes).peek_u32().ok().and_then(|id| tables.by_id.get(&id)) else {
        return;
    };
    let Some((value, used)) = decode(known, bytes) else { return };
    let first = match value.to_bytes(layer.layer) {
        Ok(first) => first,
        Err(Inexpressible) => return,
    };
    if known.kind == Kind::Type {
        let walked = walk(layer, &known.result, &first);
        assert_eq!(walked, Ok(()), "{} at {}, from {used} bytes", known.name, layer.layer);
    }
    if known.wrapper {
        return;
    }
    // What was written is read again, and then means the same.
    let (again, used) = decode(known, &first).expect("what was written can be read");
    assert_eq!(used, first.len(), "{}", known.name);
    assert_eq!(again.to_bytes(layer.layer), Ok(first), "{} at {}", known.name, layer.layer);
}

/// Decodes within the memory that the bytes allow.
fn decode(known: &Known, bytes: &[u8]) -> Option<(Box<dyn Encode>, usize)> {
    let memory: &PeakAlloc = &MEMORY;
    let before = memory.current_usage();
    memory.reset_peak_usage();
    let mut reader = Reader::new(bytes);
    let value = (known.decode)(&mut reader);
    let taken = memory.peak_usage().saturating_sub(before);
    let allowed = bytes.len() * GROWTH_MAX + SLACK;
    assert!(taken <= allowed, "{}: {taken} bytes taken for {}", known.name, bytes.len());
    value.ok().map(|value| (value, reader.position()))
}

pub fn seeds_bytes() -> Vec<(String, Vec<u8>)> {
    warm();
    let names = [
        "message",
        "user",
        "userFull",
        "updates",
        "updateNewMessage",
        "messages.sendMessage",
        "page",
        "replyInlineMarkup",
        "messageMediaPoll",
        "invokeWithLayer",
        "initConnection",
        "contacts.importContacts",
        "updates.difference",
        "help.appConfig",
        "jsonObject",
        "payments.starGifts",
        "auth.sendCode",
    ];
    let mut seeds = Vec::new();
    GENERATORS.with_borrow_mut(|generators| {
        for (at, layer) in tables().layers.iter().enumerate().filter(|(at, _)| at % 4 == 0) {
            for definition in layer.definitions().filter(|d| names.contains(&d.name.as_str())) {
                generators[at].random = Random::new(1);
                let value = generators[at].definition(definition);
                if value.len() < 2000 {
                    seeds.push([&(at as u16).to_le_bytes()[..], &value].concat());
                }
            }
        }
    });
    numbered(seeds)
}

pub fn seeds_values() -> Vec<(String, Vec<u8>)> {
    numbered((0..24_u16).map(|at| {
        let which = (at * 997).to_le_bytes();
        vec![at as u8, 0, which[0], which[1], at as u8, 1, 0, (at * 7) as u8, 200, at as u8, 0, 7]
    }))
}
