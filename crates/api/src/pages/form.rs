//! What browsers send when a form is submitted (`application/x-www-form-urlencoded`).

/// The value of a field; `None` when it is not there or is no text.
pub(super) fn field(body: &[u8], name: &str) -> Option<String> {
    body.split(|byte| *byte == b'&').find_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = pair.split_at(at);
        if key != name.as_bytes() {
            return None;
        }
        String::from_utf8(decode(value.get(1..)?)).ok()
    })
}

/// Undoes the escapes; what is none stays as it is.
fn decode(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rest.len());
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => out.push(b'%'),
            },
            (byte, _) => out.push(*byte),
        }
    }
    out
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_and_unescaped() {
        let check = |body: &str, expected: Option<&str>| {
            assert_eq!(field(body.as_bytes(), "phone").as_deref(), expected, "{body}");
        };
        check("phone=%2B1+555", Some("+1 555"));
        check("id=1&phone=%2b49", Some("+49"));
        check("phone=", Some(""));
        check("phone=100%&id=2", Some("100%"));
        check("phone=%zz%4", Some("%zz%4"));
        check("telephone=1", None);
        check("phone", None);
        check("phone=%ff", None);
        check("", None);
    }
}
