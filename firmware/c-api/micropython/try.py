# Tries the module, beside which it lies: micropython try.py. It ends with "all as expected".
from array import array

import gradient_decay

CLASSES, FEATURES = 3, 8


def sample(n):
    """Features from 0 to 95 / 64, larger where they are of the class, in steps of 1/64."""
    return n % CLASSES, [(n * 37 + j * 101) % 48 + (48 if j % CLASSES == n % CLASSES else 0) for j in range(FEATURES)]


def teach(head, make, wrong):
    for n in range(90):
        class_index, numbers = sample(n)
        head.learn(make(numbers), class_index)
    right = 0
    for n in range(200, 260):
        class_index, numbers = sample(n)
        found, probability, known = head.predict(make(numbers))
        right += found == class_index and known
    assert right > 55, right
    saved = head.save()
    class_index, numbers = sample(7)
    answer = head.predict(make(numbers))
    refused = 0
    for call in (
        lambda: head.learn(make(numbers), CLASSES),
        lambda: head.learn(make(numbers), -1),
        lambda: head.learn(make(numbers[1:]), 0),
        lambda: head.learn(wrong(numbers), 0),
        lambda: head.learn(numbers, 0),
        lambda: head.load(saved[:-1]),
        lambda: head.load(b""),
    ):
        try:
            call()
        except (ValueError, TypeError) as error:
            assert len(str(error)) > 10
            refused += 1
    assert refused == 7, refused
    assert head.save() == saved and head.predict(make(numbers)) == answer
    return saved, answer, make(numbers)


head = gradient_decay.Fixed(CLASSES, FEATURES, 6, 1)
head.set(1638, -150902, 0, 50)
saved, answer, x = teach(head, lambda numbers: array("b", numbers), lambda numbers: array("h", numbers))
other = gradient_decay.Fixed(CLASSES, FEATURES, 6, 2)
other.load(saved)
assert other.predict(x) == answer and other.save() == saved
loss, class_index = other.learn(x, 1)
assert loss > 0 and class_index == answer[0] and other.save() != saved
print("in integers", len(saved), answer)
for shape in ((0, 8), (3, 513), (3, 8, 8), (70000, 8)):
    try:
        gradient_decay.Fixed(*shape)
        raise AssertionError(shape)
    except ValueError:
        pass

if hasattr(gradient_decay, "Discriminant"):
    def floats(numbers):
        return array("f", [number / 64 for number in numbers])

    head = gradient_decay.Discriminant(CLASSES, FEATURES)
    try:
        head.predict(floats(sample(0)[1]))
        raise AssertionError
    except ValueError:
        pass  # it knows no class yet
    saved, answer, x = teach(head, floats, lambda numbers: array("b", numbers))
    other = gradient_decay.Discriminant(CLASSES, FEATURES)
    other.load(saved)
    assert other.predict(x) == answer
    other.learn(x, 0)
    assert other.predict(x) != answer
    other.unlearn(x, 0)
    assert abs(other.predict(x)[1] - answer[1]) < 1e-4 and not other.predict(x, 1.0)[2]
    print("a discriminant", len(saved), answer)
print("all as expected")
