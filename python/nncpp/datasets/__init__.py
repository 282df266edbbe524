"""Real data inside the package, readers of images on the disk, and the split into training and test rows."""

from ._cifar import cifar10 as cifar10
from ._cifar import cifar100 as cifar100
from ._cifar import read_cifar as read_cifar
from ._digits import digits as digits
from ._idx import mnist as mnist
from ._idx import read_idx as read_idx
from ._image_folder import read_images as read_images
from ._split import split as split

__all__ = ["cifar10", "cifar100", "digits", "mnist", "read_cifar", "read_idx", "read_images", "split"]
