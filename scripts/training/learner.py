"""The model under training: Whisper's own modules, a small vocabulary and the helping losses.

The losses: the decoder's cross-entropy (timestamps softened to their neighbours); the encoder's
frames against the character spoken in them, half-way up against its toned syllable and its tone
(the synthesiser knows the times, so no CTC is needed), after the first layer against F0, without
which the tones are guessed from the words around; and the last decoder layer's cross-attention
against those times, which makes Whisper's default alignment heads good ones.
"""

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812  # the name that torch's own code uses
from torch import Tensor, nn
from whisper.model import LayerNorm, ModelDimensions, MultiHeadAttention, Whisper

from scripts.synthesis import text
from scripts.training.batches import IGNORED, PITCH_STEPS, Batch, syllable_index
from scripts.training.packing import deflate
from scripts.training.tokens import FULL_ROWS, TIMESTAMPS, token_map

DIMENSIONS = ModelDimensions(80, 1500, 256, 4, 4, FULL_ROWS, 448, 256, 4, 2)
# A timestamp's target is spread over its neighbours, 20 ms apart.
SOFTENING = (0.05, 0.25, 0.4, 0.25, 0.05)


# From this many frames on, torch's fused attention is faster than plain matrix products.
LONG_FRAMES = 700

# Encoder heads that begin by looking this many frames (20 ms) to the side, by layer; the last
# head of each layer and the last layer are left to find their own way.
NEIGHBOURS = ((-3, 0, 3), (-6, 0, 6), (-10, 0, 10))


@dataclass(frozen=True, slots=True)
class Losses:
    """Mean losses a token, a labelled frame, a guided row."""

    text: Tensor
    timestamps: Tensor
    characters: Tensor
    syllables: Tensor
    tones: Tensor
    pitch: Tensor
    guide: Tensor


class Learner(nn.Module):
    """Whisper with dense token ids and four frame classifiers."""

    def __init__(self) -> None:
        super().__init__()
        tokens = token_map()
        self.whisper = Whisper(replace_vocabulary(DIMENSIONS, tokens.size))
        _keep_halves(self.whisper)
        width = DIMENSIONS.n_audio_state
        self.characters = nn.Linear(width, len(text.characters()) + 1)
        self.syllables = nn.Linear(width, len(syllable_index()) + 1)
        self.tones = nn.Linear(width, 6)
        self.pitch = nn.Linear(width, PITCH_STEPS + 1)
        self.register_buffer("bias", torch.zeros(tokens.size))
        # The one rest row stands for many: with log(count) on its logit the softmax is exact.
        self.bias[tokens.rest] = float(torch.tensor(float(tokens.unused)).log())
        self._initialise()

    def forward(self, batch: Batch, listen_only: bool = False) -> Losses:
        """The losses of a batch; activations are bfloat16, weights float32.

        `listen_only` leaves the decoder out: the cheap flat start of the encoder.
        """
        low, middle, audio = self._encode(batch.mel.to(torch.bfloat16), batch.position)
        heard = (
            _frame_loss(self.characters, audio, batch.characters),
            _frame_loss(self.syllables, middle, batch.syllables),
            _frame_loss(self.tones, middle, batch.tones),
            _frame_loss(self.pitch, low, batch.pitch),
        )
        if listen_only:
            none = audio.new_zeros(())
            return Losses(none, none, *heard, none)
        logits, (first, last) = self._decode(batch.inputs, audio)
        words, times = _token_losses(logits + self.bias, batch.targets)
        # The last layer looks where the next piece is spoken; to find it, half of the first
        # layer's heads look where the piece before was, which its own letters tell.
        before = _guide_loss(first[:, :2, 1:], batch.guide[:, :-1])
        return Losses(words, times, *heard, _guide_loss(last, batch.guide) + 0.5 * before)

    def _encode(self, mel: Tensor, position: int) -> tuple[Tensor, Tensor, Tensor]:
        """Encoder states after a layer, half-way and at the end; windows may be short."""
        encoder = self.whisper.encoder
        x = F.gelu(encoder.conv2(F.gelu(encoder.conv1(mel)))).permute(0, 2, 1)
        x = x + encoder.positional_embedding[position : position + x.shape[1]].to(x.dtype)
        states: list[Tensor] = []
        for block in encoder.blocks:
            x = x + _attend_itself(block.attn, block.attn_ln(x))
            x = x + block.mlp(block.mlp_ln(x))
            states.append(x)
        return states[0], states[len(states) // 2 - 1], encoder.ln_post(x)

    def _decode(self, inputs: Tensor, audio: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits, and the log attention (B x heads x N x frames) of every layer."""
        decoder = self.whisper.decoder
        x = decoder.token_embedding(inputs) + decoder.positional_embedding[: inputs.shape[1]]
        x = x.to(audio.dtype)
        attentions: list[Tensor] = []
        for block in decoder.blocks:
            x = x + block.attn(block.attn_ln(x), mask=decoder.mask)[0]
            attended, attention = _attend(block.cross_attn, block.cross_attn_ln(x), audio)
            x = x + attended
            x = x + block.mlp(block.mlp_ln(x))
            attentions.append(attention)
        x = decoder.ln(x)
        weight = decoder.token_embedding.weight.to(x.dtype)
        return (x @ weight.T).float(), attentions

    @torch.no_grad()
    def _initialise(self) -> None:
        """Timestamps begin as the encoder's own position codes: 20 ms apart on both sides."""
        # By default the convolutions' output is a tenth of the position code that is added to it,
        # and the encoder would be deaf for its first thousand steps.
        self.whisper.encoder.conv1.weight *= 2.5
        self.whisper.encoder.conv2.weight *= 3.0
        for block, offsets in zip(self.whisper.encoder.blocks, NEIGHBOURS, strict=False):
            for head, offset in enumerate(offsets):
                _look_at_neighbours(block.attn, head, offset)
        decoder = self.whisper.decoder
        nn.init.normal_(decoder.token_embedding.weight, std=0.05)
        nn.init.normal_(decoder.positional_embedding, std=0.02)
        first = token_map().first_timestamp
        codes = self.whisper.encoder.positional_embedding
        codes = torch.cat([codes, codes[-1:]])[:TIMESTAMPS]
        decoder.token_embedding.weight[first:] = 0.07 * codes

    @torch.no_grad()
    def export(self, path: Path) -> None:
        """Write the checkpoint that `whisper.load_model(path)` reads, in half precision."""
        tokens = token_map()
        state = {key: value.clone() for key, value in self.whisper.state_dict().items()}
        dense = state["decoder.token_embedding.weight"]
        full = dense[tokens.rest].repeat(FULL_ROWS, 1)
        own = torch.from_numpy(tokens.full_ids) >= 0
        full[torch.from_numpy(tokens.full_ids)[own]] = dense[own]
        state["decoder.token_embedding.weight"] = full
        halves = {key: value.half() for key, value in state.items()}
        torch.save({"dims": asdict(DIMENSIONS), "model_state_dict": halves}, path)
        deflate(path)


def replace_vocabulary(dimensions: ModelDimensions, rows: int) -> ModelDimensions:
    """The same dimensions with another number of token rows."""
    return replace(dimensions, n_vocab=rows)


class _HalfNorm(LayerNorm):  # type: ignore[misc]  # openai-whisper carries no types
    """Whisper's normalisation without its detour over float32, which costs a tenth of a step.

    The kernel itself adds up in float32.
    """

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.weight.to(x.dtype), self.bias.to(x.dtype)
        return F.layer_norm(x, self.normalized_shape, weight, bias, self.eps)


def _keep_halves(model: nn.Module) -> None:
    for name, child in model.named_children():
        if isinstance(child, LayerNorm):
            setattr(model, name, _HalfNorm(child.normalized_shape))
        else:
            _keep_halves(child)


def _attend_itself(attention: MultiHeadAttention, x: Tensor) -> Tensor:
    """Whisper's encoder attention; for short windows plain products are faster to go back over."""
    query, key, value = (
        part.unflatten(-1, (attention.n_head, -1)).transpose(1, 2)
        for part in (attention.query(x), attention.key(x), attention.value(x))
    )
    if x.shape[1] > LONG_FRAMES:
        mixed = F.scaled_dot_product_attention(query, key, value)
    else:
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
        mixed = scores.softmax(-1) @ value
    out: Tensor = attention.out(mixed.transpose(1, 2).flatten(2))
    return out


def _look_at_neighbours(attention: nn.Module, head: int, offset: int) -> None:
    """Make a head's scores peak at a frame offset, by rotating the sinusoid position codes.

    The product of two position codes is the sum of cos(w (t - s)) over the frequencies w: it
    peaks at t = s, and, with the query's code turned by w times the offset, at t + offset.
    """
    width = attention.query.weight.shape[1]
    size = width // attention.n_head
    half, gain = width // 2, 1.15
    picked = torch.linspace(0, 0.36 * half, size // 2).round().long()
    frequency = torch.exp(-math.log(10000) / (half - 1) * picked)
    turn = frequency * offset
    sines = torch.arange(size // 2) + head * size
    cosines = sines + size // 2
    query, key = attention.query, attention.key
    rows = torch.cat([sines, cosines])
    query.weight[rows] *= 0.5
    key.weight[rows] *= 0.5
    query.bias[rows] = 0.0
    key.weight[sines, picked] += gain
    key.weight[cosines, picked + half] += gain
    query.weight[sines, picked] += gain * turn.cos()
    query.weight[sines, picked + half] += gain * turn.sin()
    query.weight[cosines, picked + half] += gain * turn.cos()
    query.weight[cosines, picked] -= gain * turn.sin()


def _attend(attention: nn.Module, x: Tensor, audio: Tensor) -> tuple[Tensor, Tensor]:
    """Whisper's cross-attention, handing out the log of its weights."""
    heads = attention.n_head
    query, key, value = (
        part.unflatten(-1, (heads, -1)).transpose(1, 2)
        for part in (attention.query(x), attention.key(audio), attention.value(audio))
    )
    scores = (query @ key.transpose(-1, -2)).float() * query.shape[-1] ** -0.5
    logarithm = scores.log_softmax(-1)
    mixed = logarithm.exp().to(value.dtype) @ value
    return attention.out(mixed.transpose(1, 2).flatten(2)), logarithm


def _token_losses(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of text and specials, and of timestamps against their softened targets."""
    tokens = token_map()
    kept = targets != IGNORED
    chosen, goal = logits[kept].log_softmax(-1), targets[kept]
    timed = goal >= tokens.first_timestamp
    plain = F.nll_loss(chosen[~timed], goal[~timed])
    if not timed.any():
        return plain, plain.new_zeros(())
    rows, centre = chosen[timed], goal[timed]
    last = tokens.first_timestamp + TIMESTAMPS - 1
    soft = rows.new_zeros(len(rows))
    for offset, share in zip(range(-2, 3), SOFTENING, strict=True):
        neighbour = (centre + offset).clamp(tokens.first_timestamp, last)
        soft = soft - share * rows.gather(1, neighbour[:, None])[:, 0]
    return plain, soft.mean()


def _frame_loss(head: nn.Linear, states: Tensor, labels: Tensor) -> Tensor:
    kept = labels != IGNORED
    if not kept.any():
        return states.new_zeros(())
    scores = F.linear(states[kept], head.weight.to(states.dtype), head.bias.to(states.dtype))
    return F.cross_entropy(scores.float(), labels[kept])


def _guide_loss(attention: Tensor, guide: Tensor) -> Tensor:
    """Cross-entropy between where a row should look and where each head does."""
    rows = guide.sum(-1) > 0
    picked = attention.transpose(1, 2)[rows]  # rows x heads x frames
    wanted = guide[rows][:, None, :]
    return -(picked * wanted).sum(-1).mean()
