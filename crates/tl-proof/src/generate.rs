use std::collections::{BTreeMap, BTreeSet};

use tl_gen::schema::{Definition, Ty};

use crate::{Layer, Random};

/// Writes random values of one layer, from the schema alone.
pub struct Generator<'a> {
    layer: &'a Layer,
    pub random: Random,
    /// How deep the shallowest value of each type is.
    depths: BTreeMap<String, u32>,
    budget: i32,
    /// Inside an inline keyboard, where not every kind of button has a meaning.
    inline: bool,
    /// Set every flag and give every vector an element, as far as the budget goes.
    pub full: bool,
    /// Keep to what libraries give back as it was: no empty optional vector, which some take for a
    /// missing one, and no numbers that are not ids or times.
    pub tame: bool,
    /// Write only what is required.
    pub least: bool,
}

/// Objects in one value, about; past it only what is required is written.
const BUDGET: i32 = 60;

/// Buttons of the old single type that belong to reply keyboards.
const REPLY_BUTTONS: [&str; 7] = [
    "keyboardButton",
    "keyboardButtonRequestPhone",
    "keyboardButtonRequestGeoLocation",
    "keyboardButtonRequestPoll",
    "keyboardButtonRequestPeer",
    "keyboardButtonSimpleWebView",
    "inputKeyboardButtonRequestPeer",
];

impl<'a> Generator<'a> {
    pub fn new(layer: &'a Layer, random: Random) -> Self {
        let mut depths: BTreeMap<String, u32> = BTreeMap::new();
        loop {
            let before = depths.clone();
            for (name, ids) in &layer.types {
                let depth = ids.iter().filter_map(|id| depth(&layer.by_id[id], &before)).min();
                if let Some(depth) = depth {
                    depths.insert(name.clone(), depth);
                }
            }
            if depths == before {
                return Self {
                    layer,
                    random,
                    depths,
                    budget: 0,
                    inline: false,
                    full: false,
                    tame: false,
                    least: false,
                };
            }
        }
    }

    /// A boxed value of one constructor, or a query of one function.
    pub fn definition(&mut self, definition: &Definition) -> Vec<u8> {
        let mut out = Vec::new();
        self.budget = if self.least { 0 } else { BUDGET };
        self.boxed(definition, &mut out);
        out
    }

    fn boxed(&mut self, definition: &Definition, out: &mut Vec<u8>) {
        self.budget -= 1;
        if definition.name == "replyInlineMarkup" {
            self.inline = true;
        }
        out.extend(definition.id.to_le_bytes());
        let mut words: BTreeMap<&str, u32> = BTreeMap::new();
        for field in &definition.fields {
            if field.ty == Ty::Flags {
                let word = self.flags(definition, &field.name);
                words.insert(&field.name, word);
                out.extend(word.to_le_bytes());
                continue;
            }
            let present = field.flag.as_ref().is_none_or(|f| words[f.word.as_str()] >> f.bit & 1 == 1);
            // A month of premium is thirty days later on; more months than that holds say nothing.
            let months = field.name == "months";
            match &field.ty {
                Ty::True => (),
                Ty::Int if present && months => out.extend((self.random.below(60) as i32).to_le_bytes()),
                Ty::Vector(inner) if present && self.tame && field.flag.is_some() => {
                    out.extend(0x1cb5_c415u32.to_le_bytes());
                    out.extend(1u32.to_le_bytes());
                    self.value(inner, out);
                }
                ty if present => self.value(ty, out),
                _ => (),
            }
        }
        if definition.name == "replyInlineMarkup" {
            self.inline = false;
        }
    }

    /// A word with random bits of those that some field goes by.
    fn flags(&mut self, definition: &Definition, word: &str) -> u32 {
        let of_word = definition.fields.iter().filter(|f| f.flag.as_ref().is_some_and(|f| f.word == word));
        let bits: BTreeSet<u8> = of_word.clone().filter_map(|f| f.flag.as_ref().map(|f| f.bit)).collect();
        let mut word = 0;
        for bit in bits {
            let costs = of_word
                .clone()
                .any(|f| f.flag.as_ref().is_some_and(|f| f.bit == bit) && f.ty.named().is_some());
            if (!costs || self.budget > 0) && !self.least && (self.full || self.random.coin()) {
                word |= 1 << bit;
            }
        }
        word
    }

    pub fn value(&mut self, ty: &Ty, out: &mut Vec<u8>) {
        match ty {
            Ty::Flags | Ty::True => (),
            Ty::Int => {
                let value = self.random.number() as i32;
                let value = if self.tame { value & 0x7fff_ffff } else { value };
                let value = if self.random.coin() { value & 0xffff } else { value };
                out.extend(value.to_le_bytes());
            }
            Ty::Long => {
                let value = self.random.number();
                out.extend((if self.tame { value >> 24 } else { value }).to_le_bytes());
            }
            Ty::Double => {
                let value = self.random.number() as i32;
                out.extend((f64::from(value) / 8.0).to_le_bytes());
            }
            Ty::Int128 => (0..2).for_each(|_| out.extend(self.random.number().to_le_bytes())),
            Ty::Int256 => (0..4).for_each(|_| out.extend(self.random.number().to_le_bytes())),
            Ty::Bool => {
                let id: u32 = if self.random.coin() { 0x9972_75b5 } else { 0xbc79_9737 };
                out.extend(id.to_le_bytes());
            }
            Ty::String => {
                let text: String = (0..self.length())
                    .map(|_| ['a', 'Z', '0', ' ', 'é', '…', '😀'][self.random.below(7)])
                    .collect();
                write_bytes(text.as_bytes(), out);
            }
            Ty::Bytes => {
                let bytes: Vec<u8> = (0..self.length()).map(|_| self.random.number() as u8).collect();
                write_bytes(&bytes, out);
            }
            Ty::Vector(inner) => {
                out.extend(0x1cb5_c415u32.to_le_bytes());
                let most = if self.budget > 0 { 3 } else { 0 };
                let least = usize::from(self.full).min(most);
                let count = least + self.random.below(most + 1 - least);
                out.extend((count as u32).to_le_bytes());
                for _ in 0..count {
                    self.value(inner, out);
                }
            }
            Ty::Named(name) => {
                let layer = self.layer;
                let mut ids = layer.types[name].clone();
                if self.inline && name == "KeyboardButton" {
                    ids.retain(|id| !REPLY_BUTTONS.contains(&layer.by_id[id].name.as_str()));
                }
                let id = if self.budget > 0 {
                    ids[self.random.below(ids.len())]
                } else {
                    let shallowest =
                        ids.iter().min_by_key(|id| depth(&layer.by_id[id], &self.depths).unwrap_or(u32::MAX));
                    *shallowest.expect("a type has a constructor")
                };
                self.boxed(&layer.by_id[&id], out);
            }
            // help.getConfig
            Ty::Query => out.extend(0xc4f9_186bu32.to_le_bytes()),
        }
    }

    fn length(&mut self) -> usize {
        match self.random.below(40) {
            _ if self.least => 0,
            0 => 250 + self.random.below(12),
            n => n % 12,
        }
    }
}

fn depth(definition: &Definition, depths: &BTreeMap<String, u32>) -> Option<u32> {
    let mut deepest = 0;
    for field in definition.fields.iter().filter(|field| field.flag.is_none()) {
        if let Ty::Named(name) = &field.ty {
            deepest = deepest.max(1 + depths.get(name)?);
        }
    }
    Some(deepest)
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    if bytes.len() < 254 {
        out.push(bytes.len() as u8);
    } else {
        out.extend((254 | (bytes.len() as u32) << 8).to_le_bytes());
    }
    out.extend(bytes);
    while !(out.len() - start).is_multiple_of(4) {
        out.push(0);
    }
}
