//! The merged schema: every definition once, with the layers in which it holds.
//!
//! The text form is TL with one comment of our own at the end of each line, `// @ 152..197`: the
//! first and the last layer. The head of the file names the layers that were read; between two of
//! them a definition is taken to hold until the layer before the one where it is missing. A `true`
//! flag that not all layers of a definition name is listed after them: `// @ 152..232 min:181..232`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use grammers_tl_parser::tl;

/// What went wrong while reading or merging, with the line or definition it is about.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(pub String);

macro_rules! fail {
    ($($arg:tt)*) => { return Err(SchemaError(format!($($arg)*))) };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Type,
    Function,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ty {
    /// `#`
    Flags,
    /// `true`: a flag bit and nothing else
    True,
    Int,
    Long,
    Double,
    Int128,
    Int256,
    String,
    Bytes,
    Bool,
    Vector(Box<Ty>),
    /// A type of the schema, boxed.
    Named(String),
    /// `!X`: a query inside another
    Query,
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flags => "#",
            Self::True => "true",
            Self::Int => "int",
            Self::Long => "long",
            Self::Double => "double",
            Self::Int128 => "int128",
            Self::Int256 => "int256",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Bool => "Bool",
            Self::Vector(inner) => return write!(f, "Vector<{inner}>"),
            Self::Named(name) => name,
            Self::Query => "!X",
        })
    }
}

impl Ty {
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        match text.parse() {
            Ok(ty) => Self::from_parsed(&ty),
            Err(error) => fail!("{error:?} in: {text}"),
        }
    }

    fn from_parsed(ty: &tl::Type) -> Result<Self, SchemaError> {
        if ty.generic_ref {
            return Ok(Self::Query);
        }
        Ok(match (ty.name.as_str(), &ty.generic_arg) {
            ("Vector", Some(inner)) => Self::Vector(Box::new(Self::from_parsed(inner)?)),
            ("true", None) => Self::True,
            ("int", None) => Self::Int,
            ("long", None) => Self::Long,
            ("double", None) => Self::Double,
            ("int128", None) => Self::Int128,
            ("int256", None) => Self::Int256,
            ("string", None) => Self::String,
            ("bytes", None) => Self::Bytes,
            ("Bool", None) => Self::Bool,
            _ if ty.bare => fail!("the bare type {ty} is not supported"),
            _ => Self::Named(ty.to_string()),
        })
    }

    /// The named type inside, through vectors.
    pub fn named(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Vector(inner) => inner.named(),
            _ => None,
        }
    }
}

/// The flag bit that says whether a field is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flag {
    pub word: String,
    pub bit: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub flag: Option<Flag>,
    pub ty: Ty,
    /// Of a `true` flag: the known layers that name it. A schema may gain or lose one without a new
    /// id, as it takes no bytes.
    pub layers: BTreeSet<i32>,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.flag {
            Some(flag) => write!(f, "{}:{}.{}?{}", self.name, flag.word, flag.bit, self.ty),
            None => write!(f, "{}:{}", self.name, self.ty),
        }
    }
}

/// One layout, with one id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    pub kind: Kind,
    /// With its namespace: `messages.sendMessage`
    pub name: String,
    pub id: u32,
    pub fields: Vec<Field>,
    pub result: Ty,
    /// The known layers in which it holds.
    pub layers: BTreeSet<i32>,
}

impl fmt::Display for Definition {
    /// The TL line without the layers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{:08x}", self.name, self.id)?;
        if self.fields.iter().any(|field| field.ty == Ty::Query) {
            write!(f, " {{X:Type}}")?;
        }
        for field in &self.fields {
            write!(f, " {field}")?;
        }
        match &self.result {
            Ty::Query => write!(f, " = X;"),
            result => write!(f, " = {result};"),
        }
    }
}

impl Definition {
    fn parse(line: &str, kind: Kind) -> Result<Self, SchemaError> {
        let parsed: tl::Definition = match line.trim_end_matches(';').parse() {
            Ok(parsed) => parsed,
            Err(error) => fail!("{error:?} in: {line}"),
        };
        let mut name = parsed.namespace.join(".");
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&parsed.name);
        let mut fields = Vec::with_capacity(parsed.params.len());
        for param in &parsed.params {
            fields.push(match &param.ty {
                tl::ParameterType::Flags => {
                    Field { name: param.name.clone(), flag: None, ty: Ty::Flags, layers: BTreeSet::new() }
                }
                tl::ParameterType::Normal { ty, flag } => Field {
                    name: param.name.clone(),
                    flag: flag.as_ref().map(|f| Flag { word: f.name.clone(), bit: f.index as u8 }),
                    ty: Ty::from_parsed(ty)?,
                    layers: BTreeSet::new(),
                },
            });
        }
        let result = if parsed.ty.name == "X" { Ty::Query } else { Ty::from_parsed(&parsed.ty)? };
        Ok(Self { kind, name, id: parsed.id, fields, result, layers: BTreeSet::new() })
    }

    /// The part of the layout that takes bytes on the wire, or could.
    fn wire(&self) -> Vec<(&str, &Option<Flag>, &Ty)> {
        self.fields
            .iter()
            .filter(|field| field.ty != Ty::True)
            .map(|field| (field.name.as_str(), &field.flag, &field.ty))
            .collect()
    }

    /// Takes in what another layer has under the same id: a layout that differs in `true` flags only.
    fn unite(&mut self, other: &Self) -> Result<(), SchemaError> {
        if (self.kind, &self.name, &self.result, self.wire())
            != (other.kind, &other.name, &other.result, other.wire())
        {
            fail!("one id, two layouts:\n  {self}\n  {other}");
        }
        for flag in other.fields.iter().filter(|field| field.ty == Ty::True) {
            if let Some(known) = self.fields.iter_mut().find(|known| known.name == flag.name) {
                if known.flag != flag.flag {
                    fail!("{}.{} moved to another bit under the same id", self.name, flag.name);
                }
                known.layers.extend(&flag.layers);
                continue;
            }
            let after = self.fields.iter().rposition(|field| match (&field.ty, &field.flag) {
                (Ty::Flags, None) => flag.flag.as_ref().is_some_and(|f| f.word == field.name),
                (Ty::True, Some(other)) => {
                    flag.flag.as_ref().is_some_and(|f| f.word == other.word && f.bit > other.bit)
                }
                _ => false,
            });
            self.fields.insert(after.map_or(0, |after| after + 1), flag.clone());
        }
        self.layers.extend(&other.layers);
        Ok(())
    }

    fn hold_in(&mut self, layer: i32) {
        self.layers = BTreeSet::from([layer]);
        for field in self.fields.iter_mut().filter(|field| field.ty == Ty::True) {
            field.layers = BTreeSet::from([layer]);
        }
    }

    fn forget(&mut self, layer: i32) {
        self.layers.remove(&layer);
        for field in &mut self.fields {
            field.layers.remove(&layer);
        }
        self.fields.retain(|field| field.ty != Ty::True || !field.layers.is_empty());
    }

    /// The layout as one layer names it: without the `true` flags of other layers.
    pub fn in_layer(&self, layer: i32) -> Self {
        let mut definition = self.clone();
        definition.fields.retain(|field| field.ty != Ty::True || field.layers.contains(&layer));
        definition
    }
}

/// A first and a last layer, both included.
pub type Range = (i32, i32);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// The layers that were read, in order.
    pub layers: BTreeSet<i32>,
    pub definitions: BTreeMap<u32, Definition>,
}

/// Definitions that the code knows by itself; some schemas leave them out or comment them out.
const CORE: [&str; 6] = ["boolFalse", "boolTrue", "true", "vector", "error", "null"];

/// The definitions of a schema file without layers, by id.
fn read(text: &str) -> Result<BTreeMap<u32, Definition>, SchemaError> {
    let mut kind = Kind::Type;
    let mut definitions = BTreeMap::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        match line {
            "" => continue,
            "---types---" => kind = Kind::Type,
            "---functions---" => kind = Kind::Function,
            _ if CORE.contains(&line.split(['#', ' ']).next().unwrap_or_default()) => continue,
            _ => {
                let definition = Definition::parse(line, kind)?;
                definitions.insert(definition.id, definition);
            }
        }
    }
    Ok(definitions)
}

impl Schema {
    /// Reads the merged form.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let mut schema = Self::default();
        let mut kind = Kind::Type;
        for line in text.lines() {
            let line = line.trim();
            if let Some(layers) = line.strip_prefix("// layers: ") {
                for layer in layers.split(' ') {
                    match layer.parse() {
                        Ok(layer) => schema.layers.insert(layer),
                        Err(_) => fail!("not a layer: {layer}"),
                    };
                }
            } else if line == "---types---" {
                kind = Kind::Type;
            } else if line == "---functions---" {
                kind = Kind::Function;
            } else if !line.is_empty() && !line.starts_with("//") {
                let Some((line, ranges)) = line.split_once(" // @ ") else {
                    fail!("no layers given: {line}");
                };
                let mut definition = Definition::parse(line, kind)?;
                let mut parts = ranges.split(' ');
                definition.layers = schema.layers_in(parts.next().unwrap_or_default())?;
                for field in definition.fields.iter_mut().filter(|field| field.ty == Ty::True) {
                    field.layers = definition.layers.clone();
                }
                for part in parts {
                    let Some((name, ranges)) = part.split_once(':') else { fail!("not a flag: {part}") };
                    let layers = schema.layers_in(ranges)?;
                    match definition.fields.iter_mut().find(|field| field.name == name) {
                        Some(field) => field.layers = layers,
                        None => fail!("{name} is no flag of {definition}"),
                    }
                }
                if let Some(other) = schema.definitions.insert(definition.id, definition) {
                    fail!("twice: {other}");
                }
            }
        }
        Ok(schema)
    }

    /// Takes in the whole schema of one layer, replacing what was known of that layer.
    pub fn take_in(&mut self, layer: i32, text: &str) -> Result<(), SchemaError> {
        let definitions = read(text)?;
        self.replace(layer, definitions)
    }

    /// Takes in a layer of which only the changes since the newest layer below it are known.
    ///
    /// A definition replaces the one of the same name and kind. The file marks no kinds: what
    /// names a known function is a function.
    pub fn take_in_changes(&mut self, layer: i32, text: &str) -> Result<(), SchemaError> {
        let Some(&base) = self.layers.range(..layer).next_back() else {
            fail!("layer {layer} has no layer below it");
        };
        let mut definitions: BTreeMap<u32, Definition> = self
            .definitions
            .values()
            .filter(|definition| definition.layers.contains(&base))
            .map(|definition| (definition.id, definition.in_layer(base)))
            .collect();
        for (id, mut definition) in read(text)? {
            definition.kind =
                match definitions.values().find(|d| d.kind == Kind::Function && d.name == definition.name) {
                    Some(_) => Kind::Function,
                    None => Kind::Type,
                };
            definitions.retain(|_, old| (old.kind, &old.name) != (definition.kind, &definition.name));
            definitions.insert(id, definition);
        }
        self.replace(layer, definitions)
    }

    fn replace(&mut self, layer: i32, new: BTreeMap<u32, Definition>) -> Result<(), SchemaError> {
        self.layers.insert(layer);
        for definition in self.definitions.values_mut() {
            definition.forget(layer);
        }
        self.definitions.retain(|_, definition| !definition.layers.is_empty());
        for (id, mut definition) in new {
            definition.hold_in(layer);
            if let Some(mut known) = self.definitions.remove(&id) {
                // The newest layer gives the order of the fields.
                if known.layers.last().is_some_and(|&last| last > layer) {
                    std::mem::swap(&mut known, &mut definition);
                }
                definition.unite(&known)?;
            }
            self.definitions.insert(id, definition);
        }
        Ok(())
    }

    fn layers_in(&self, ranges: &str) -> Result<BTreeSet<i32>, SchemaError> {
        let mut layers = BTreeSet::new();
        for range in ranges.split(',') {
            let Some((first, last)) = parse_range(range) else { fail!("not a range: {range}") };
            layers.extend(self.layers.range(first..=last));
        }
        Ok(layers)
    }

    fn print_ranges(&self, layers: &BTreeSet<i32>) -> String {
        let ranges = self.ranges(layers);
        ranges.iter().map(|(first, last)| format!("{first}..{last}")).collect::<Vec<_>>().join(",")
    }

    /// The layers of a definition as ranges, as long as the known layers let them be.
    pub fn ranges(&self, layers: &BTreeSet<i32>) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        let mut open = false;
        for (index, &layer) in self.layers.iter().enumerate() {
            let next = self.layers.iter().nth(index + 1);
            let last = next.map_or(layer, |next| next - 1);
            if !layers.contains(&layer) {
                open = false;
            } else if open && let Some(range) = ranges.last_mut() {
                range.1 = last;
            } else {
                ranges.push((layer, last));
                open = true;
            }
        }
        ranges
    }

    /// The known layers in which nothing is said to hold are none; the newest is the last one.
    pub fn newest(&self) -> i32 {
        self.layers.last().copied().unwrap_or_default()
    }

    /// The merged form: types by their type and name, functions by their name.
    pub fn print(&self) -> String {
        let mut text = String::from(
            "// Every definition of every supported layer, once, with the layers in which it holds.\n\
             // Written by `cargo xtask schema`; see README.md beside this file.\n",
        );
        let layers: Vec<String> = self.layers.iter().map(i32::to_string).collect();
        text.push_str(&format!("// layers: {}\n", layers.join(" ")));
        let mut sorted: Vec<&Definition> = self.definitions.values().collect();
        sorted.sort_by_key(|d| {
            let by = if d.kind == Kind::Type { d.result.to_string() } else { String::new() };
            (d.kind, by, d.name.clone(), d.layers.first().copied(), d.id)
        });
        let mut section = None;
        for definition in sorted {
            if section != Some(definition.kind) {
                section = Some(definition.kind);
                text.push_str(match definition.kind {
                    Kind::Type => "\n---types---\n\n",
                    Kind::Function => "\n---functions---\n\n",
                });
            }
            text.push_str(&format!("{definition} // @ {}", self.print_ranges(&definition.layers)));
            for field in definition.fields.iter().filter(|field| field.ty == Ty::True) {
                if field.layers != definition.layers {
                    text.push_str(&format!(" {}:{}", field.name, self.print_ranges(&field.layers)));
                }
            }
            text.push('\n');
        }
        text
    }
}

fn parse_range(text: &str) -> Option<Range> {
    let (first, last) = text.trim().split_once("..")?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "boolTrue#997275b5 = Bool;\n\
        peer#1 id:int = Peer;\n\
        chat#2 flags:# a:flags.0?true n:flags.1?int = Chat;\n\
        ---functions---\n\
        ns.get#3 {X:Type} flags:# q:!X = X;";
    const B: &str = "peer#4 id:long = Peer;\n\
        chat#2 flags:# b:flags.3?true n:flags.1?int = Chat;\n\
        ---functions---\n\
        ns.get#3 {X:Type} flags:# q:!X = X;";

    fn schema() -> Schema {
        let mut schema = Schema::default();
        schema.take_in(10, A).unwrap();
        schema.take_in(20, B).unwrap();
        schema.take_in(30, A).unwrap();
        schema
    }

    #[test]
    fn merges_with_ranges() {
        let text = schema().print();
        let lines: Vec<&str> = text.lines().filter(|l| l.contains('@')).collect();
        assert_eq!(
            lines,
            [
                "chat#00000002 flags:# a:flags.0?true b:flags.3?true n:flags.1?int = Chat; // @ 10..30 \
                 a:10..19,30..30 b:20..29",
                "peer#00000001 id:int = Peer; // @ 10..19,30..30",
                "peer#00000004 id:long = Peer; // @ 20..29",
                "ns.get#00000003 {X:Type} flags:# q:!X = X; // @ 10..30",
            ]
        );
    }

    #[test]
    fn reads_what_it_prints_and_takes_in_a_layer_twice() {
        let schema = schema();
        let mut again = Schema::parse(&schema.print()).unwrap();
        assert_eq!(again, schema);
        again.take_in(20, B).unwrap();
        assert_eq!(again, schema);
    }

    #[test]
    fn changes_replace_by_name() {
        let mut schema = schema();
        schema.take_in_changes(40, "peer#5 id:string = Peer;\nns.get#6 = Peer;").unwrap();
        let text = schema.print();
        assert!(text.contains("peer#00000001 id:int = Peer; // @ 10..19,30..39\n"), "{text}");
        assert!(text.contains("peer#00000005 id:string = Peer; // @ 40..40\n"));
        assert!(text.ends_with("ns.get#00000006 = Peer; // @ 40..40\n"));
        assert!(text.contains("n:flags.1?int = Chat; // @ 10..40 a:10..19,30..40 b:20..29\n"));
    }

    #[test]
    fn an_id_with_two_layouts_is_refused() {
        let error = schema().take_in(40, "peer#1 id:long = Peer;").unwrap_err();
        assert!(error.to_string().contains("one id, two layouts"), "{error}");
    }
}
