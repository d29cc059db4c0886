//! What a browser calls itself, in words that its owner recognises.

use crate::platform::i18n::Words;

/// "Firefox on Windows"; a plain word for what we do not know.
pub fn describe(words: Words, agent: &str) -> String {
    let find = |list: &[(&str, &'static str)]| {
        list.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    // Order matters: each later one also names the earlier ones it descends from.
    let browser = find(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("FxiOS", "Firefox"),
        ("Firefox/", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = find(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => words.with2("browser-on", "browser", browser, "system", system),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => words.get("browser-unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::i18n::Language;

    #[test]
    fn a_browser_is_told_by_its_own_name() {
        let words = Words::of(Language::English);
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0";
        assert_eq!(describe(words, edge), "Edge on Windows");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1 Version/17.5 Safari/604.1";
        assert_eq!(describe(words, phone), "Safari on iPhone");
        assert_eq!(describe(words, "curl/8"), "A browser we do not know");
    }
}
