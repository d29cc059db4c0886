//! Reads a page's HTML as far as a story needs it: its forms as a browser would send them, its
//! links, its visible words.

/// A form as it stands on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it goes; empty for the page's own address.
    pub action: String,
    /// `get` or `post`.
    pub method: String,
    /// What a browser would send if nobody touched it, in order.
    pub fields: Vec<(String, String)>,
    /// The names and values of its submit buttons that have a name.
    pub buttons: Vec<(String, String)>,
    /// Everything inside, as HTML.
    pub html: String,
    /// Is it sent in parts, with a file?
    pub takes_file: bool,
}

/// A start tag.
struct Tag<'a> {
    name: String,
    attributes: Vec<(String, String)>,
    /// Where the text after the tag begins.
    end: usize,
    start: usize,
    closing: bool,
    _html: &'a str,
}

impl Tag<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// The next tag at or after `from`.
fn next_tag(html: &str, mut from: usize) -> Option<Tag<'_>> {
    let bytes = html.as_bytes();
    loop {
        let start = from + html.get(from..)?.find('<')?;
        if html[start..].starts_with("<!--") {
            from = start + html[start..].find("-->")? + 3;
            continue;
        }
        if html[start..].starts_with("<!") {
            from = start + html[start..].find('>')? + 1;
            continue;
        }
        let mut at = start + 1;
        let closing = bytes.get(at) == Some(&b'/');
        if closing {
            at += 1;
        }
        if !bytes.get(at)?.is_ascii_alphabetic() {
            from = at;
            continue;
        }
        let name_end = at + html[at..].find(|c: char| !c.is_ascii_alphanumeric() && c != '-')?;
        let name = html[at..name_end].to_ascii_lowercase();
        let mut attributes = Vec::new();
        at = name_end;
        loop {
            at += html[at..].find(|c: char| !c.is_whitespace() && c != '/')?;
            if bytes[at] == b'>' {
                return Some(Tag { name, attributes, end: at + 1, start, closing, _html: html });
            }
            let key_end =
                at + html[at..].find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/'))?;
            let key = html[at..key_end].to_ascii_lowercase();
            at = key_end + html[key_end..].find(|c: char| !c.is_whitespace())?;
            let mut value = String::new();
            if bytes[at] == b'=' {
                at += 1;
                at += html[at..].find(|c: char| !c.is_whitespace())?;
                let quote = bytes[at];
                let end = if quote == b'"' || quote == b'\'' {
                    at += 1;
                    at + html[at..].find(char::from(quote))?
                } else {
                    at + html[at..].find(|c: char| c.is_whitespace() || c == '>')?
                };
                value = unescape(&html[at..end]);
                at = if quote == b'"' || quote == b'\'' { end + 1 } else { end };
            }
            attributes.push((key, value));
        }
    }
}

/// Every form of a page, in order.
pub fn forms(html: &str) -> Vec<Form> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(tag) = next_tag(html, at) {
        at = tag.end;
        if tag.name != "form" || tag.closing {
            continue;
        }
        let inner_end = html[at..].find("</form>").map_or(html.len(), |n| at + n);
        let inner = &html[at..inner_end];
        let (fields, buttons) = fields_of(inner);
        found.push(Form {
            action: tag.get("action").unwrap_or_default().to_owned(),
            method: tag.get("method").unwrap_or("get").to_ascii_lowercase(),
            fields,
            buttons,
            html: inner.to_owned(),
            takes_file: tag.get("enctype") == Some("multipart/form-data"),
        });
        at = inner_end;
    }
    found
}

type Pairs = Vec<(String, String)>;

fn fields_of(html: &str) -> (Pairs, Pairs) {
    let (mut fields, mut buttons) = (Vec::new(), Vec::new());
    let mut at = 0;
    let mut select: Option<(String, Option<String>, Option<String>)> = None;
    while let Some(tag) = next_tag(html, at) {
        at = tag.end;
        let name = tag.get("name").unwrap_or_default().to_owned();
        let value = tag.get("value").map(str::to_owned);
        match (tag.name.as_str(), tag.closing) {
            ("input", false) if !name.is_empty() && !tag.has("disabled") => {
                match tag.get("type").unwrap_or("text") {
                    "checkbox" | "radio" if !tag.has("checked") => {}
                    "checkbox" | "radio" => fields.push((name, value.unwrap_or_else(|| "on".into()))),
                    "submit" | "image" => buttons.push((name, value.unwrap_or_default())),
                    "button" | "reset" | "file" => {}
                    _ => fields.push((name, value.unwrap_or_default())),
                }
            }
            ("button", false) if !name.is_empty() => buttons.push((name, value.unwrap_or_default())),
            ("textarea", false) if !name.is_empty() => {
                let end = html[at..].find("</textarea>").map_or(html.len(), |n| at + n);
                let text = unescape(&html[at..end]);
                fields.push((name, text.strip_prefix('\n').unwrap_or(&text).to_owned()));
                at = end;
            }
            ("select", false) => select = Some((name, None, None)),
            ("option", false) => {
                if let Some((_, first, chosen)) = &mut select {
                    let end = html[at..].find('<').map_or(html.len(), |n| at + n);
                    let value = value.unwrap_or_else(|| unescape(html[at..end].trim()));
                    if tag.has("selected") {
                        *chosen = Some(value.clone());
                    }
                    first.get_or_insert(value);
                }
            }
            ("select", true) => {
                if let Some((name, first, chosen)) = select.take()
                    && let Some(value) = chosen.or(first)
                    && !name.is_empty()
                {
                    fields.push((name, value));
                }
            }
            _ => {}
        }
    }
    (fields, buttons)
}

/// Where every link of the page leads, in order.
pub fn links(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(tag) = next_tag(html, at) {
        at = tag.end;
        if tag.name == "a"
            && !tag.closing
            && let Some(href) = tag.get("href")
        {
            found.push(href.to_owned());
        }
    }
    found
}

/// Every `id` of the page, in order.
pub fn ids(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(tag) = next_tag(html, at) {
        at = tag.end;
        found.extend(tag.get("id").map(str::to_owned));
    }
    found
}

/// The page's words without its marks, white space collapsed.
pub fn visible_text(html: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some(tag) = next_tag(html, at) {
        out.push_str(&html[at..tag.start]);
        out.push(' ');
        at = tag.end;
        if matches!(tag.name.as_str(), "script" | "style" | "title" | "template") && !tag.closing {
            let close = format!("</{}", tag.name);
            at = html[at..].find(&close).map_or(html.len(), |n| at + n);
        }
    }
    out.push_str(html.get(at..).unwrap_or_default());
    unescape(&out).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Turns `&amp;`, `&#39;` and the like back.
pub fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end <= 10);
        let read = end.and_then(|end| {
            let name = &rest[1..end];
            match name {
                "amp" => Some('&'),
                "lt" => Some('<'),
                "gt" => Some('>'),
                "quot" => Some('"'),
                "apos" => Some('\''),
                "nbsp" => Some('\u{a0}'),
                _ => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix(['x', 'X']) {
                        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(code)
                }
            }
        });
        match (read, end) {
            (Some(c), Some(end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            _ => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}
