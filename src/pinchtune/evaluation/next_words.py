"""The sentences of a recommendation, for a manager, in English and Japanese."""

# ruff: noqa: RUF001 - Japanese is written with full-width brackets

from __future__ import annotations

_EN = {
    "stop": "Stop: fewer or cleaner examples",
    "stop_why": "English has suffered. Do not widen. Lower the number of examples or have each"
    " checked by a native speaker, and repeat this stage.",
    "check": "Have the examples checked",
    "check_why": "The answers have become worse in the very languages that examples were added"
    " for, so the examples themselves are at fault. Have native speakers check them, and repeat"
    " this stage.",
    "cover": "Add examples in a language that became worse",
    "cover_why": "The answers have become worse in languages that no examples were added for. Give"
    " some of the examples to one of them ({names}), and repeat this stage.",
    "seeds": "Repeat the comparison more often",
    "seeds_why": "The repetitions differ so much that no number of questions would settle it."
    " Set train.seeds to {seeds} or more, and run it again: what is there is kept.",
    "prompts": "Ask more questions",
    "prompts_why": "The test is too small to show an effect worth having in 80 of 100 cases. It"
    " takes: {numbers}. Add questions, and evaluate the same models again.",
    "number": "{n} questions a language in {group}",
    "english": "English",
    "seen": "the tuned languages",
    "unseen": "the unseen languages",
    "fewer": "Fewer or cleaner examples",
    "fewer_why": "The test was large enough, and yet English has not been shown to be kept. Lower"
    " the number of examples or have them checked, and repeat this stage.",
    "base": "Another base model, or other languages",
    "base_why": "No improvement has been shown although the test was large enough, and the base"
    " model hardly knows {names}. A few examples cannot teach a language: take a base model that"
    " knows it, or tune other languages.",
    "better": "Better examples, or more of them",
    "better_why": "No improvement has been shown in the tuned languages although the test was"
    " large enough. Have the examples revised, or raise mix.dose, and repeat this stage.",
    "script": "Tune a language of another script or family",
    "script_why": "The tuned languages have become better, but that has not carried over to the"
    " others although the test was large enough. Take in the next stage a language that differs"
    " from those that are tuned, such as: {names}.",
    "release": "Release it, and compare it in use",
    "release_why": "Every language is tuned, the answers have become better, and English has been"
    " kept. What is left is the comparison with today’s version in use (A/B test).",
    "languages": "More languages",
    "languages_why": "The answers have become better with and without examples, and English has"
    " been kept. More languages are what is left to gain ({names}); “pinch advise next” says which"
    " of them would gain most.",
    "some": "one that is evaluated",
    "comma": ", ",
}
_JA = {
    "stop": "ここで止め、例を減らすか見直す",
    "stop_why": "英語の品質が下がりました。広げずに、例の数を減らすか、母語話者に一件ずつ確認して"
    "もらい、この段階をやり直してください。",
    "check": "例を確認してもらう",
    "check_why": "例を加えたその言語で回答が悪くなったため、例そのものに問題があると考えられます。"
    "母語話者に確認してもらい、この段階をやり直してください。",
    "cover": "悪くなった言語の例を加える",
    "cover_why": "例を加えていない言語で回答が悪くなりました。例の一部をその言語（{names}）に振り"
    "向け、この段階をやり直してください。",
    "seeds": "比較の回数を増やす",
    "seeds_why": "回ごとの違いが大きく、質問をいくら増やしても結論は出ません。train.seedsを{seeds}"
    "以上にして、もう一度実行してください。これまでの結果は残ります。",
    "prompts": "質問を増やす",
    "prompts_why": "意味のある効果を100回のうち80回示すには、テストの規模が足りません。必要な質問"
    "数：{numbers}。質問を加え、同じモデルをもう一度評価してください。",
    "number": "{group}では1言語あたり{n}問",
    "english": "英語",
    "seen": "学習した言語",
    "unseen": "学習していない言語",
    "fewer": "例を減らすか見直す",
    "fewer_why": "テストの規模は足りていましたが、英語の品質が保たれたとは示されませんでした。例の"
    "数を減らすか確認してもらい、この段階をやり直してください。",
    "base": "別の基盤モデルにするか、別の言語にする",
    "base_why": "テストの規模は足りていましたが、改善は示されませんでした。基盤モデルは{names}をほ"
    "とんど知りません。少数の例で言語を教えることはできないため、その言語を知る基盤モデルに替える"
    "か、別の言語を選んでください。",
    "better": "例を良くするか増やす",
    "better_why": "テストの規模は足りていましたが、学習した言語での改善は示されませんでした。例を"
    "直してもらうか、mix.doseを上げて、この段階をやり直してください。",
    "script": "文字や系統の異なる言語を加える",
    "script_why": "学習した言語では良くなりましたが、テストの規模は足りていたのに、ほかの言語への"
    "効果は示されませんでした。次の段階では、これまでと異なる言語（{names}）を加えてください。",
    "release": "公開し、実際の利用で比べる",
    "release_why": "すべての言語が学習の対象となり、回答は良くなり、英語の品質も保たれています。残"
    "るのは、現在のモデルとの実際の利用での比較（A/Bテスト）です。",
    "languages": "言語を増やす",
    "languages_why": "例を加えた言語でも加えていない言語でも回答が良くなり、英語の品質も保たれてい"
    "ます。残る余地は言語を増やすことです（{names}）。どの言語の効果が大きいかは"
    "「pinch advise next」で分かります。",
    "some": "評価している言語のいずれか",
    "comma": "、",
}
NEXT_WORDS = {"en": _EN, "ja": _JA}
"""For each step of the table its title and why, by locale."""
