//! Reads Rust files as far as the checks need it: words, modules, imports, paths, names of items.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What one file holds.
#[derive(Default)]
pub struct Source {
    /// Its own module and those written out in it.
    pub modules: Vec<(Vec<String>, Module)>,
    /// Macros that it exports.
    pub macros: Vec<String>,
    /// Modules in files of their own that it declares for tests only.
    pub test_modules: Vec<Vec<String>>,
}

/// One module.
#[derive(Default)]
pub struct Module {
    pub file: String,
    pub imports: BTreeMap<String, Vec<Import>>,
    /// What is imported as `…::*`.
    pub globs: Vec<Vec<String>>,
    /// Paths in the code, each with its line.
    pub paths: Vec<(Vec<String>, usize)>,
    /// Names of what is defined here.
    pub items: BTreeSet<String>,
    /// Every word outside of imports, but those after a dot.
    pub words: BTreeSet<String>,
}

/// One name that a `use` brings.
pub struct Import {
    pub path: Vec<String>,
    pub is_public: bool,
    pub line: usize,
}

/// A piece of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    Word(String),
    /// `::`
    Colons,
    Sign(char),
}

/// Every Rust file under the folder, by its path from there.
pub fn read_sources(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let mut sources = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = std::fs::read_dir(&next).map_err(|e| format!("cannot read {}: {e}", next.display()))?;
        for entry in entries {
            let path = entry.map_err(|e| e.to_string())?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path)
                    .map_err(|e| format!("cannot read {}: {e}", path.display()))?;
                let name = path.strip_prefix(folder).map_err(|e| e.to_string())?;
                sources.insert(name.to_string_lossy().replace('\\', "/"), text);
            }
        }
    }
    Ok(sources)
}

/// Reads one file.
pub fn read(file: &str, path: &[String], text: &str) -> Source {
    let mut reader = Reader { tokens: tokens(text), at: 0 };
    let mut source = Source::default();
    reader.module(file, path.to_vec(), &mut source);
    source
}

struct Reader {
    tokens: Vec<(Token, usize)>,
    at: usize,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(token, _)| token)
    }

    fn word(&self, ahead: usize) -> Option<&str> {
        match self.peek(ahead) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn is_sign(&self, ahead: usize, sign: char) -> bool {
        self.peek(ahead) == Some(&Token::Sign(sign))
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |(_, line)| *line)
    }

    /// Reads to the end of this module: the file's end, or the brace that closes it.
    fn module(&mut self, file: &str, path: Vec<String>, source: &mut Source) {
        let mut module = Module { file: file.to_owned(), ..Module::default() };
        let mut depth = 0usize;
        while let Some(token) = self.peek(0).cloned() {
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') if depth == 0 => break,
                Token::Sign('}') => depth -= 1,
                Token::Sign('#') if self.is_test_attribute() => {
                    self.skip_item(&path, source);
                    continue;
                }
                Token::Word(word) if word == "mod" && self.is_sign(2, '{') => {
                    if let Some(name) = self.word(1) {
                        let mut child = path.clone();
                        child.push(name.to_owned());
                        self.at += 3;
                        self.module(file, child, source);
                    }
                }
                Token::Word(word) if word == "use" && !self.is_sign(1, '<') => {
                    let is_public = self.is_after_pub();
                    self.at += 1;
                    self.imports(Vec::new(), is_public, &mut module);
                    continue;
                }
                Token::Word(word) => {
                    if word == "macro_rules"
                        && let Some(name) = self.word(2).map(str::to_owned)
                    {
                        if self.is_exported() {
                            source.macros.push(name.clone());
                        }
                        module.items.insert(name);
                    }
                    let defines = matches!(
                        word.as_str(),
                        "struct" | "enum" | "trait" | "type" | "const" | "static" | "fn" | "union"
                    );
                    if defines && let Some(name) = self.word(1) {
                        module.items.insert(name.to_owned());
                        self.at += 2;
                        continue;
                    }
                    let before = self.at.checked_sub(1).map(|before| self.tokens[before].0.clone());
                    if before != Some(Token::Sign('.')) {
                        module.words.insert(word.clone());
                    }
                    if self.peek(1) == Some(&Token::Colons) && before != Some(Token::Colons) {
                        let line = self.line();
                        let mut segments = vec![word];
                        while let (Some(Token::Colons), Some(next)) = (self.peek(1), self.word(2)) {
                            segments.push(next.to_owned());
                            self.at += 2;
                        }
                        module.paths.push((segments, line));
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        source.modules.push((path, module));
    }

    /// Stands at the `#` of `#[cfg(test)]`?
    fn is_test_attribute(&self) -> bool {
        self.is_sign(1, '[')
            && self.word(2) == Some("cfg")
            && self.is_sign(3, '(')
            && self.word(4) == Some("test")
            && self.is_sign(5, ')')
    }

    /// Skips the attributes here and the item after them.
    fn skip_item(&mut self, path: &[String], source: &mut Source) {
        while self.is_sign(0, '#') {
            self.at += 1;
            self.skip_group('[', ']');
        }
        let mut is_import = false;
        while let Some(token) = self.peek(0).cloned() {
            match token {
                Token::Sign(';') => {
                    self.at += 1;
                    return;
                }
                Token::Sign('{') => {
                    self.skip_group('{', '}');
                    // `use a::{b};` goes on to its semicolon.
                    if !is_import {
                        return;
                    }
                    continue;
                }
                Token::Word(word) if word == "use" => is_import = true,
                Token::Word(word) if word == "mod" => {
                    if let (Some(name), true) = (self.word(1), self.is_sign(2, ';')) {
                        let mut module = path.to_vec();
                        module.push(name.to_owned());
                        source.test_modules.push(module);
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Stands at an opening sign; goes behind the one that closes it.
    fn skip_group(&mut self, open: char, close: char) {
        let mut depth = 0usize;
        while let Some(token) = self.peek(0) {
            let token = token.clone();
            self.at += 1;
            if token == Token::Sign(open) {
                depth += 1;
            } else if token == Token::Sign(close) {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            }
        }
    }

    /// Is the word here after `pub` or `pub(…)`?
    fn is_after_pub(&self) -> bool {
        let mut before = self.at;
        if before > 0 && self.tokens[before - 1].0 == Token::Sign(')') {
            while before > 0 && self.tokens[before - 1].0 != Token::Sign('(') {
                before -= 1;
            }
            before = before.saturating_sub(1);
        }
        before > 0 && self.tokens[before - 1].0 == Token::Word("pub".into())
    }

    /// Is the macro here after `#[macro_export]`?
    fn is_exported(&self) -> bool {
        let from = self.at.saturating_sub(6);
        self.tokens[from..self.at].iter().any(|(token, _)| *token == Token::Word("macro_export".into()))
    }

    /// Stands behind `use` or inside one of its groups; reads one tree and goes behind it.
    fn imports(&mut self, prefix: Vec<String>, is_public: bool, module: &mut Module) {
        let mut path = prefix;
        let line = self.line();
        // `use ::name`: another crate for certain.
        let leaves = self.peek(0) == Some(&Token::Colons) && path.is_empty();
        if leaves {
            self.at += 1;
            path.push("::".to_owned());
        }
        let mut name = None;
        while let Some(token) = self.peek(0).cloned() {
            match token {
                Token::Word(word) if word == "as" => {
                    name = self.word(1).map(str::to_owned);
                    self.at += 1;
                }
                Token::Word(word) => {
                    // `{self}` names the module that the group hangs on.
                    if word == "self" && !path.is_empty() {
                        name = path.last().cloned();
                    } else {
                        path.push(word.clone());
                        name = Some(word);
                    }
                }
                Token::Colons => name = None,
                Token::Sign('*') => {
                    module.globs.push(path.clone());
                    name = None;
                }
                Token::Sign('{') => {
                    self.at += 1;
                    while !self.is_sign(0, '}') && self.peek(0).is_some() {
                        self.imports(path.clone(), is_public, module);
                        if self.is_sign(0, ',') {
                            self.at += 1;
                        }
                    }
                    name = None;
                }
                // The end of this tree; a semicolon or a comma is the caller's.
                Token::Sign(_) => break,
            }
            self.at += 1;
        }
        if let Some(name) = name {
            module.imports.entry(name).or_default().push(Import { path, is_public, line });
        }
    }
}

/// Takes comments and the content of strings out, and cuts the rest into words and signs,
/// each with its line.
pub fn tokens(text: &str) -> Vec<(Token, usize)> {
    let chars: Vec<char> = text.chars().collect();
    let get = |at: usize| chars.get(at).copied().unwrap_or('\0');
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let c = chars[at];
        let began = at;
        match c {
            '/' if get(at + 1) == '/' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            '/' if get(at + 1) == '*' => {
                let mut depth = 0usize;
                while at < chars.len() {
                    if get(at) == '/' && get(at + 1) == '*' {
                        depth += 1;
                        at += 2;
                    } else if get(at) == '*' && get(at + 1) == '/' {
                        depth -= 1;
                        at += 2;
                        if depth == 0 {
                            break;
                        }
                    } else {
                        at += 1;
                    }
                }
            }
            '"' => at = end_of_string(&chars, at),
            '\'' => {
                // A character, or the name of a lifetime.
                at = if get(at + 1) == '\\' {
                    let mut end = at + 3;
                    while end < chars.len() && chars[end] != '\'' {
                        end += 1;
                    }
                    end + 1
                } else if get(at + 2) == '\'' {
                    at + 3
                } else {
                    at + 1
                };
                if at == began + 1 {
                    while at < chars.len() && is_word(chars[at]) {
                        at += 1;
                    }
                }
            }
            ':' if get(at + 1) == ':' => {
                found.push((Token::Colons, line));
                at += 2;
            }
            _ if is_word(c) => {
                while at < chars.len() && is_word(chars[at]) {
                    at += 1;
                }
                let word: String = chars[began..at].iter().collect();
                let is_raw = matches!(word.as_str(), "r" | "br" | "cr");
                if is_raw && (get(at) == '"' || get(at) == '#' && !is_word(get(at + 1))) {
                    at = end_of_raw_string(&chars, at);
                } else if is_raw && get(at) == '#' {
                    // `r#type` is a word as well; its name follows.
                    at += 1;
                } else if matches!(word.as_str(), "b" | "c") && get(at) == '"' {
                    at = end_of_string(&chars, at);
                } else {
                    found.push((Token::Word(word), line));
                }
            }
            _ if c.is_whitespace() => at += 1,
            _ => {
                found.push((Token::Sign(c), line));
                at += 1;
            }
        }
        line += chars[began..at.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    found
}

/// Stands at the opening quote; answers the place behind the closing one.
fn end_of_string(chars: &[char], mut at: usize) -> usize {
    at += 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Stands at the first `#` or at the quote of a raw string; answers the place behind it.
fn end_of_raw_string(chars: &[char], mut at: usize) -> usize {
    let mut hashes = 0;
    while chars.get(at) == Some(&'#') {
        hashes += 1;
        at += 1;
    }
    at += 1;
    while at < chars.len() {
        let closes = chars[at] == '"' && (1..=hashes).all(|n| chars.get(at + n) == Some(&'#'));
        at += 1;
        if closes {
            return at + hashes;
        }
    }
    at
}
