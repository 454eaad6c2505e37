//! Writes random values of every definition of one layer for another implementation to read:
//! `cargo run -p tl-proof --example samples -- <layer> <file> [rounds]`
//!
//! A line each: name, and the bytes in hex as our encoder wrote them. Used by `python/check.py`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;

use tl::Reader;
use tl_api::registry;
use tl_gen::schema::{Kind, Ty};
use tl_proof::{Generator, Layer, Random, is_wrapper, schema};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [number, file, rest @ ..] = &args[..] else { return Err("usage: <layer> <file> [rounds]".into()) };
    let number: i32 = number.parse()?;
    let rounds: usize = rest.first().map_or(Ok(3), |rounds| rounds.parse())?;
    let schema = schema();
    let layer = Layer::new(&schema, number);
    let decoders: BTreeMap<_, _> = registry::TYPES.iter().chain(registry::FUNCTIONS).copied().collect();
    let mut generator = Generator::new(&layer, Random::announced(8));
    generator.tame = true;
    let mut out = String::new();
    for definition in layer.definitions().filter(|definition| !is_wrapper(definition)) {
        let name = match (definition.kind, &definition.result) {
            (Kind::Type, Ty::Named(ty)) => ty.as_str(),
            _ => definition.name.as_str(),
        };
        for round in 0..rounds {
            generator.full = round == 0;
            let bytes = generator.definition(definition);
            let ours = decoders[name](&mut Reader::new(&bytes))?.to_bytes(number)?;
            write!(out, "{}\t", definition.name)?;
            for byte in ours {
                write!(out, "{byte:02x}")?;
            }
            out.push('\n');
        }
    }
    std::fs::write(file, out)?;
    Ok(())
}
