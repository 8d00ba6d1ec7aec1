"""The decoder step by step against openai-whisper's own, on random weights."""

import pytest
import torch
from whisper.model import ModelDimensions, Whisper, disable_sdpa

from pipeline.measure.stepping import Steps

FRAMES, WINDOWS, START, MORE = 40, 3, 4, 6


@pytest.fixture(scope="module")
def model() -> Whisper:
    torch.manual_seed(5)
    found = Whisper(ModelDimensions(80, FRAMES, 32, 2, 1, 300, 448, 32, 4, 2)).eval()
    torch.nn.init.normal_(found.decoder.positional_embedding, std=0.5)
    return found


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    return torch.randn(WINDOWS, FRAMES, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def tokens() -> torch.Tensor:
    return torch.randint(
        0, 300, (WINDOWS, START + MORE), generator=torch.Generator().manual_seed(2)
    )


def stepped(
    model: Whisper, features: torch.Tensor, tokens: torch.Tensor
) -> tuple[torch.Tensor, Steps]:
    steps = Steps(model, features, START + MORE)
    found = [steps.logits(tokens[:, :START], list(range(START)))]
    found += [steps.logits(tokens[:, [at]], [-1]) for at in range(START, START + MORE)]
    return torch.cat(found, 1), steps


@torch.inference_mode()
def test_every_step_says_what_the_whole_text_at_once_says(
    model: Whisper, features: torch.Tensor, tokens: torch.Tensor
) -> None:
    found, _ = stepped(model, features, tokens)
    torch.testing.assert_close(found, model.decoder(tokens, features), atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_only_the_places_asked_for_are_answered(
    model: Whisper, features: torch.Tensor, tokens: torch.Tensor
) -> None:
    found = Steps(model, features, START).logits(tokens[:, :START], [1, -1])
    whole = model.decoder(tokens[:, :START], features)
    torch.testing.assert_close(found, whole[:, [1, START - 1]], atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_those_that_stay_do_not_notice_who_leaves(
    model: Whisper, features: torch.Tensor, tokens: torch.Tensor
) -> None:
    whole, whole_steps = stepped(model, features, tokens)
    steps = Steps(model, features, START + MORE)
    steps.logits(tokens[:, :START], [-1])
    steps.keep(torch.tensor([True, False, True]))
    rows = [0, 2]
    for at in range(START, START + MORE):
        if at == START + 2:
            steps.keep(torch.tensor([False, True]))
            rows = [2]
        found = steps.logits(tokens[rows][:, [at]], [-1])
        torch.testing.assert_close(found[:, 0], whole[rows, at], atol=1e-4, rtol=1e-4)
    said = slice(0, START)  # what a window that left had asked for is still there
    torch.testing.assert_close(
        steps.attention(1, said, FRAMES), whole_steps.attention(1, said, FRAMES)
    )


@torch.inference_mode()
def test_attention_is_what_the_alignment_heads_look_at(
    model: Whisper, features: torch.Tensor, tokens: torch.Tensor
) -> None:
    _, steps = stepped(model, features, tokens)
    seen: list[torch.Tensor] = []
    hooks = [
        block.cross_attn.register_forward_hook(lambda *call: seen.append(call[-1][1]))
        for block in model.decoder.blocks
    ]
    with disable_sdpa():
        model.decoder(tokens, features)
    for hook in hooks:
        hook.remove()
    chosen = model.alignment_heads.indices().T.tolist()
    for window in range(WINDOWS):
        found = steps.attention(window, slice(1, START + MORE), 25)
        theirs = torch.stack([seen[layer][window, head, 1:, :25] for layer, head in chosen])
        torch.testing.assert_close(found, theirs, atol=1e-4, rtol=1e-4)
