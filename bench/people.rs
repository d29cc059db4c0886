//! People who do not exist.

use std::fmt::Write as _;

/// So many of them, as an import takes them. Chart numbers are B000000 and so on.
pub fn people(count: usize) -> String {
    let mut text = String::from("chart_number,first_name,last_name,birth_date,email\n");
    for n in 0..count {
        let _ = writeln!(
            text,
            "B{n:06},First{},Last{},19{:02}-{:02}-{:02},client{n}@example.com",
            letters(n % 700),
            letters(n / 7),
            30 + n % 70,
            1 + n % 12,
            1 + n % 28
        );
    }
    text
}

/// A number in letters: a, b, …, z, ba, …
pub fn letters(mut n: usize) -> String {
    let mut out = String::new();
    loop {
        out.push(char::from(b'a' + u8::try_from(n % 26).unwrap_or(0)));
        n /= 26;
        if n == 0 {
            return out;
        }
    }
}
