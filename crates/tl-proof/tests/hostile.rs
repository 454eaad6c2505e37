//! Bytes from strangers: cut short, flipped, nested, lying about lengths. Nothing panics, and memory
//! stays in proportion to the bytes.

use std::collections::BTreeMap;

use peak_alloc::PeakAlloc;
use tl::{Decode, DecodeError, NESTING_MAX, Reader, Writer};
use tl_api::enums;
use tl_api::registry::{FUNCTIONS, TYPES};
use tl_gen::schema::{Kind, Ty};
use tl_proof::{Generator, Layer, Random, is_wrapper, schema};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A value in memory may be this many times its bytes: structs have room for every optional field.
const GROWTH_MAX: usize = 100;
/// What any call may take: frames of error values, short strings.
const SLACK: usize = 4096;

/// Runs `work` on `bytes` and checks what it took at most.
fn within(bytes: &[u8], what: &str, work: impl FnOnce(&mut Reader<'_>)) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    work(&mut Reader::new(bytes));
    let taken = MEMORY.peak_usage().saturating_sub(before);
    let allowed = bytes.len() * GROWTH_MAX + SLACK;
    assert!(taken <= allowed, "{what}: {taken} bytes taken for {}, {allowed} allowed", bytes.len());
}

// One test: the peak of memory is the whole process's.
#[test]
fn hostile_bytes() {
    every_definition_cut_and_flipped();
    lying_counts();
    nesting();
    many_small_elements();
}

fn every_definition_cut_and_flipped() {
    let schema = schema();
    let decoders: BTreeMap<_, _> = TYPES.iter().chain(FUNCTIONS).copied().collect();
    let mut random = Random::announced(5);
    for &number in &schema.layers {
        let layer = Layer::new(&schema, number);
        let mut generator = Generator::new(&layer, random.clone());
        // Each definition once, at the newest layer that has it.
        let newest = |id: &u32| schema.definitions[id].layers.last() == Some(&number);
        for definition in layer.definitions().filter(|definition| newest(&definition.id)) {
            let name = match (definition.kind, &definition.result) {
                (Kind::Type, Ty::Named(ty)) => ty.as_str(),
                _ => definition.name.as_str(),
            };
            let decode = decoders[name];
            generator.full = false;
            let bytes = generator.definition(definition);
            for _ in 0..20 {
                let cut = generator.random.below(bytes.len());
                // A wrapper's query is whatever is left, so it may end anywhere.
                if !is_wrapper(definition) {
                    assert!(decode(&mut Reader::new(&bytes[..cut])).is_err(), "{name} cut at {cut}");
                }
                let mut flipped = bytes.clone();
                for _ in 0..=generator.random.below(3) {
                    let at = generator.random.below(flipped.len());
                    flipped[at] ^= 1 << generator.random.below(8);
                }
                within(&flipped, name, |r| drop(decode(r)));
            }
            let noise: Vec<u8> = (0..40).map(|_| generator.random.number() as u8).collect();
            within(&noise, name, |r| drop(decode(r)));
        }
        random = generator.random;
    }
}

fn lying_counts() {
    for count in [1u32, 1 << 20, u32::MAX] {
        let mut w = Writer::new(0);
        w.u32(tl::VECTOR);
        w.u32(count);
        let expected = DecodeError::VectorTooLong { count, remaining: 0 };
        within(&w.buf, "users", |r| {
            assert_eq!(Vec::<enums::User>::decode(r), Err(expected.clone()));
        });
        within(&w.buf, "longs", |r| assert_eq!(Vec::<i64>::decode(r), Err(expected)));
    }
    // A count that the bytes could just hold, of elements that are none.
    let mut w = Writer::new(0);
    w.u32(tl::VECTOR);
    w.u32(1000);
    w.raw(&[0; 4000]);
    within(&w.buf, "users", |r| assert!(Vec::<enums::User>::decode(r).is_err()));
}

/// `textBold` in `textBold` in …: one object in four bytes.
fn nesting() {
    let depth = |levels: u32| {
        let mut w = Writer::new(0);
        for _ in 0..levels {
            w.u32(0x6724_abc4);
        }
        w.u32(0xdc3d_824f);
        w.into_bytes()
    };
    let deepest = depth(NESTING_MAX - 1);
    within(&deepest, "RichText", |r| assert!(enums::RichText::decode(r).is_ok()));
    for levels in [NESTING_MAX, 100_000] {
        within(&depth(levels), "RichText", |r| {
            assert_eq!(enums::RichText::decode(r), Err(DecodeError::TooDeep));
        });
    }
}

/// Vectors of the shortest values of every type, 16 KiB of them.
fn many_small_elements() {
    let schema = schema();
    let layer = Layer::new(&schema, schema.newest());
    let decoders: BTreeMap<_, _> = TYPES.iter().copied().collect();
    let mut worst = (0, String::new());
    let mut generator = Generator::new(&layer, Random::announced(6));
    generator.least = true;
    for definition in layer.definitions().filter(|definition| definition.kind == Kind::Function) {
        for field in &definition.fields {
            let Ty::Vector(inner) = &field.ty else { continue };
            let Ty::Named(name) = &**inner else { continue };
            for id in &layer.types[name] {
                let element = generator.definition(&layer.by_id[id]);
                let copies = element.repeat(16_384 / element.len());
                let before = MEMORY.current_usage();
                let mut reader = Reader::new(&copies);
                let mut values = Vec::new();
                while !reader.is_empty() {
                    values.push(decoders[name.as_str()](&mut reader).expect("decodes"));
                }
                let growth = (MEMORY.current_usage() - before) / copies.len();
                worst = worst.max((growth, name.clone()));
            }
        }
    }
    println!("the most memory per byte: {} ({})", worst.0, worst.1);
    assert!(worst.0 <= GROWTH_MAX, "{worst:?}");
}
