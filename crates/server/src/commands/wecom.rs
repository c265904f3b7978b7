//! `rollcall wecom`: by hand what the server does with callbacks, for whoever's callback "signature fails". Needs no
//! configuration file. Token and key may come from the environment, so that no shell remembers them.

use std::io::Read;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use ring::rand::{SecureRandom, SystemRandom};
use url::Url;
use wecom::crypto::{CallbackCrypto, CryptoError, ciphertext_of};

/// A signature covers neither key nor receiver: any will do to check one.
const ANY_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What to do by hand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 核对签名：密文或整个 XML 信封从标准输入读取，签名正确时退出码为 0
    Verify {
        /// Of the callback.
        #[command(flatten)]
        token: Token,
        /// As received.
        #[command(flatten)]
        query: Query,
    },
    /// 核对签名并解密：明文写到标准输出，确为企业微信所发时退出码为 0
    Decrypt {
        /// Of the callback.
        #[command(flatten)]
        token: Token,
        /// Key and receiver.
        #[command(flatten)]
        address: Address,
        /// As received.
        #[command(flatten)]
        query: Query,
    },
    /// 加密并签名：明文从标准输入读取，输出被动回复的 XML 信封
    Encrypt {
        /// Of the callback.
        #[command(flatten)]
        token: Token,
        /// Key and receiver.
        #[command(flatten)]
        address: Address,
        /// Fixed for repeatable results.
        #[command(flatten)]
        moment: Moment,
    },
    /// 像企业微信保存回调 URL 时那样签一个地址：用 curl 打开它，服务器应原样返回 --echo 的内容
    SignUrl {
        /// Of the callback.
        #[command(flatten)]
        token: Token,
        /// Key and receiver.
        #[command(flatten)]
        address: Address,
        /// Fixed for repeatable results.
        #[command(flatten)]
        moment: Moment,
        /// 回调 URL，如 https://rollcall.example.edu.cn/wecom/1/callback/rollcall
        #[arg(long)]
        url: Url,
        /// 服务器应返回的内容
        #[arg(long, default_value = "1616140317555161061")]
        echo: String,
    },
}

/// The callback's Token.
#[derive(Debug, Args)]
pub struct Token {
    /// 回调配置中的 Token
    #[arg(long, env = "WECOM_TOKEN", hide_env_values = true)]
    token: String,
}

/// What besides the Token belongs to a callback address.
#[derive(Debug, Args)]
pub struct Address {
    /// 回调配置中的 EncodingAESKey，43 位
    #[arg(long, env = "WECOM_KEY", hide_env_values = true)]
    key: String,
    /// 接收方：自建应用是企业 ID（ww…）
    #[arg(long)]
    receive_id: String,
}

/// The signed part of a callback's address, percent-decoded.
#[derive(Debug, Args)]
pub struct Query {
    /// 地址中的 msg_signature
    #[arg(long)]
    signature: String,
    /// 地址中的 timestamp
    #[arg(long)]
    timestamp: String,
    /// 地址中的 nonce
    #[arg(long)]
    nonce: String,
}

/// When, and what makes it unlike the last one.
#[derive(Debug, Args)]
pub struct Moment {
    /// 秒；默认为现在
    #[arg(long)]
    timestamp: Option<i64>,
    /// 默认随机
    #[arg(long)]
    nonce: Option<String>,
    /// 正文前的 16 个随机字节，32 位十六进制；默认随机，指定它可得到可重复的结果
    #[arg(long)]
    random: Option<String>,
}

/// Runs one of them. `now` in seconds. What is returned goes to standard output as it is.
pub fn run(command: &Command, now: i64) -> anyhow::Result<String> {
    match command {
        Command::Verify { token, query } => {
            let crypto = crypto(&token.token, ANY_KEY, "")?;
            verify(&crypto, query, &ciphertext(&stdin()?)?)?;
            Ok("签名正确\n".into())
        }
        Command::Decrypt { token, address, query } => {
            let crypto = crypto(&token.token, &address.key, &address.receive_id)?;
            let encrypt = ciphertext(&stdin()?)?;
            verify(&crypto, query, &encrypt)?;
            Ok(crypto.decrypt(&encrypt).map_err(|error| explain(error, &address.receive_id))?.message)
        }
        Command::Encrypt { token, address, moment } => {
            let crypto = crypto(&token.token, &address.key, &address.receive_id)?;
            let (timestamp, nonce, random) = moment.fixed(now)?;
            Ok(crypto.seal_envelope(&stdin()?, random, &timestamp, &nonce))
        }
        Command::SignUrl { token, address, moment, url, echo } => {
            let crypto = crypto(&token.token, &address.key, &address.receive_id)?;
            let (timestamp, nonce, random) = moment.fixed(now)?;
            let echostr = crypto.encrypt(echo, random);
            let signature = crypto.signature(&timestamp, &nonce, &echostr);
            let mut url = url.clone();
            url.query_pairs_mut()
                .append_pair("msg_signature", &signature)
                .append_pair("timestamp", &timestamp)
                .append_pair("nonce", &nonce)
                .append_pair("echostr", &echostr);
            Ok(format!("{url}\n"))
        }
    }
}

impl Moment {
    fn fixed(&self, now: i64) -> anyhow::Result<(String, String, [u8; 16])> {
        let mut random = [0; 16];
        match &self.random {
            Some(given) => hex::decode_to_slice(given, &mut random).context("--random 应为 32 位十六进制")?,
            None => fill(&mut random)?,
        }
        let nonce = match &self.nonce {
            Some(given) => given.clone(),
            None => {
                let mut bytes = [0; 8];
                fill(&mut bytes)?;
                hex::encode(bytes)
            }
        };
        Ok((self.timestamp.unwrap_or(now).to_string(), nonce, random))
    }
}

fn fill(bytes: &mut [u8]) -> anyhow::Result<()> {
    SystemRandom::new().fill(bytes).ok().context("系统没有给出随机数")
}

fn stdin() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("标准输入不是 UTF-8 文本")?;
    Ok(text)
}

/// The ciphertext of an envelope, or what stands alone.
fn ciphertext(input: &str) -> anyhow::Result<String> {
    let input = input.trim();
    if !input.starts_with('<') {
        return Ok(input.to_owned());
    }
    ciphertext_of(input).map_err(|error| match error {
        CryptoError::Envelope(reason) => anyhow::anyhow!("信封不是可读的 XML：{reason}"),
        _ => anyhow::anyhow!("信封里没有 Encrypt 元素"),
    })
}

fn crypto(token: &str, key: &str, receive_id: &str) -> anyhow::Result<CallbackCrypto> {
    CallbackCrypto::new(token, key, receive_id).map_err(|error| match error {
        CryptoError::Key => anyhow::anyhow!(
            "EncodingAESKey 应为 43 位字母和数字，收到 {} 位：请到管理后台该应用的「接收消息」里重新复制",
            key.chars().count()
        ),
        other => other.into(),
    })
}

fn verify(crypto: &CallbackCrypto, query: &Query, encrypt: &str) -> anyhow::Result<()> {
    if crypto.verify(&query.signature, &query.timestamp, &query.nonce, encrypt).is_ok() {
        return Ok(());
    }
    bail!(
        "签名不符：应为 {}，收到 {}。请依次检查：\n\
         1. Token 是否与管理后台该应用「接收消息」里的完全一致（常见：多了空格，或用了另一个应用的）；\n\
         2. timestamp、nonce 是否取自同一次请求；\n\
         3. 密文是否完整，echostr 是否已做一次 URL 解码（%2B 应为 +）。",
        crypto.signature(&query.timestamp, &query.nonce, encrypt),
        query.signature
    )
}

fn explain(error: CryptoError, receive_id: &str) -> anyhow::Error {
    match error {
        CryptoError::Ciphertext => anyhow::anyhow!(
            "签名正确，但解不开密文：EncodingAESKey 与管理后台的不一致，或密文不完整（重新生成 Key 后要保存并重启服务）"
        ),
        CryptoError::Receiver => anyhow::anyhow!(
            "签名正确，也能解密，但不是发给 {receive_id} 的：请核对企业 ID（管理后台 → 我的企业 → 企业信息 → 企业 ID）"
        ),
        CryptoError::Encoding => anyhow::anyhow!("签名正确，但明文不是 UTF-8"),
        other => other.into(),
    }
}
